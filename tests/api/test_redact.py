"""The key is found in whatever form a feed or a proxy repeats it, and nothing else is taken for it."""

import base64
import html
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest

from orchestration.api.redact import holds_key, redact

KEY = "sk-ant-api01-Ab9-x_Yz" + "Q7+/" * 8 + "z81"


def in_base64(encode: Callable[[bytes], bytes]) -> dict[str, str]:
    """Encoded alone and amid other text, at each alignment, with padding and without, in a URL and over lines."""
    encoded = {
        f"{encode.__name__} {before!r} {after!r}": encode(f"{before}{KEY}{after}".encode()).decode()
        for before in ("", "a", "ab", "abc")
        for after in ("", ":x")
    }
    return (
        encoded
        | {f"{name} bare": text.rstrip("=") for name, text in encoded.items()}
        | {f"{name} quoted": quote(text, safe="") for name, text in encoded.items()}
        | {f"{name} in lines": "\n".join((text[:20], text[20:])) for name, text in encoded.items()}
    )


FORMS = {
    "itself": KEY,
    "lower case": KEY.lower(),
    "upper case": KEY.upper(),
    "split": f'{KEY[:20]}" + "{KEY[20:]}',
    "spaced": " ".join(KEY),
    "quoted": quote(KEY, safe=""),
    "quoted twice": quote(quote(KEY, safe=""), safe=""),
    "quoted in full": "".join(f"%{byte:02X}" for byte in KEY.encode()),
    "escaped as in JSON": "".join(f"\\u{ord(one):04x}" for one in KEY),
    "escaped as in HTML": "".join(f"&#{ord(one)};" for one in KEY),
    "HTML": html.escape(KEY),
    "hex": KEY.encode().hex(),
    "upper hex": KEY.encode().hex().upper(),
    "hex with colons": KEY.encode().hex(":"),
    **in_base64(base64.b64encode),
    **in_base64(base64.urlsafe_b64encode),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_key_is_found_and_masked_in_every_form(form: str):
    assert holds_key(f"cursor.{form}", KEY)
    shown = redact(f"bad key {form} here", KEY, 4000)
    assert shown.startswith("bad key ")
    assert shown.endswith(" here")
    assert "[key]" in shown
    # At most the bits that base64 mixes with what stood before and after.
    assert len(shown) <= len("bad key [key] here") + 10


ENCODED = base64.b64encode(KEY.encode())
# Where the key begins and ends is not to be seen.
HIDDEN = {
    "base64 twice": base64.b64encode(ENCODED).decode(),
    "hex in base64": base64.b64encode(KEY.encode().hex().encode()).decode(),
    "base64 of UTF-16": base64.b64encode(KEY.encode("utf-16-le")).decode(),
    "base64 in a JSON text in a JSON text": ENCODED.decode().replace("/", "\\/").replace("=", "\\u003d"),
    "base64, all escaped": "".join(f"\\u{byte:04x}" for byte in ENCODED),
    "hex with hyphens": KEY.encode().hex("-"),
    "UTF-16 in hex": KEY.encode("utf-16-le").hex(),
    "octal": "".join(f"\\{byte:03o}" for byte in KEY.encode()),
    "numbers": str(list(KEY.encode())),
    "escaped for a program": "".join(f"\\u{{{byte:x}}}" for byte in KEY.encode()),
    "escaped for a script": "".join(f"%u{byte:04x}" for byte in KEY.encode()),
    "escaped as in mail": "".join(f"={byte:02X}" for byte in KEY.encode()),
    "HTML twice": "".join(f"&amp;#{byte};" for byte in KEY.encode()),
    "HTML by names": KEY.replace("-", "&hyphen;").replace("/", "&sol;"),
    "over lines of JSON": f"{KEY[:20]}\\n        {KEY[20:]}",
    "over lines of HTML": f"{KEY[:20]}<wbr>{KEY[20:]}",
    "with dots": ".".join(KEY),
    "full-width": "".join(chr(ord(one) + 0xFEE0) for one in KEY),
    "with what nobody sees": "\u200b".join(KEY),
    "with codes": f"{KEY[:10]}\x1b[1m{KEY[10:20]}\0{KEY[20:]}",
    "from its end": KEY[::-1],
}


@pytest.mark.parametrize("form", HIDDEN.values(), ids=HIDDEN)
def test_a_key_that_is_encoded_several_times_or_in_pieces_is_found(form: str):
    assert holds_key(f"cursor.{form}", KEY)
    shown = redact(f"bad key {form} here", KEY, 4000)
    assert "[key]" in shown
    assert len(shown) <= len("bad key [key] here") + 10


@pytest.mark.parametrize("text", ["", "req_011Cabcdef0123456789", "Q7+/" * 40, KEY[:-1], KEY.encode()[:-2].hex()])
def test_other_texts_are_not_taken_for_the_key(text: str):
    assert not holds_key(text, KEY)
    assert not holds_key(text, "")


@pytest.mark.parametrize(
    "word", ["A", "sk", "sk-ant-", "s ", "c2st", "a@", "a.", "%73", "73-", "\\u0073", "115,", "c2st" * 9 + " "]
)
def test_a_long_answer_is_masked_quickly(word: str):
    began = time.process_time()
    redact(word * (2**16 // len(word)), KEY)
    assert time.process_time() - began < 2
