"""The body of an answer: read within bounds, unpacked, and cut into its records."""

from __future__ import annotations

import re
import zlib

import httpx
import msgspec

# A page of 5,000 records of 25 kB each. A body without a bound would let one answer take all memory.
MAX_BODY_BYTES = 128 * 2**20
# Of an answer that is no page only the beginning can say anything.
MAX_ERROR_BYTES = 64 * 2**10

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


class Page(msgspec.Struct, frozen=True):
    """One response: the records as they stood in it (newest first), and where the next page begins."""

    data: list[msgspec.Raw]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None


_DECODER = msgspec.json.Decoder(Page)


class Unreadable(Exception):
    """The body cannot be read; `str()` says why and holds nothing of it."""


class TooLarge(Exception):
    """The body is larger than the bound, once unpacked."""


async def read_body(response: httpx.Response, limit: int) -> bytes:
    """The whole body, unpacked if it is gzip.

    httpx would unpack a piece whatever it grows to; here nothing grows beyond the limit.

    Raises:
        TooLarge: it is larger than `limit` bytes.
        Unreadable: it is packed in another way, or wrongly.
        httpx.TransportError: the connection failed.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip"):
        raise Unreadable("a content-encoding that was not asked for")
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if coding == "gzip" else None
    pieces, size = [], 0
    async for piece in response.aiter_raw():
        try:
            piece = unpacking.decompress(piece, limit - size + 1) if unpacking else piece
        except zlib.error:
            raise Unreadable("gzip that cannot be unpacked") from None
        size += len(piece)
        if size > limit:
            raise TooLarge
        pieces.append(piece)
    if unpacking and not unpacking.eof:
        raise Unreadable("gzip that breaks off")
    return b"".join(pieces)


def cut(body: bytes) -> Page:
    """The page with its records cut out of the body as they stand in it.

    An escaped half of a surrogate pair is valid JSON (RFC 8259, 8.2), but the decoder refuses it: such a body is
    cut along a copy in which these escapes are replaced by others of the same length.

    Raises:
        Unreadable: the body is no UTF-8, no JSON, or no page.
    """
    try:
        # Most pages are; to decode the others only to see that it can be done takes as much as cutting them.
        if not body.isascii():
            body.decode("utf-8")
        try:
            return _DECODER.decode(body)
        except msgspec.DecodeError:
            stand_in = _SURROGATE.sub(rb"\\ufffd", body)
            if stand_in == body:
                raise
        page = _DECODER.decode(stand_in)
    except UnicodeDecodeError:
        raise Unreadable("invalid UTF-8") from None
    except RecursionError:
        raise Unreadable("JSON that is nested too deep") from None
    except msgspec.DecodeError as error:
        raise Unreadable(str(error)) from None
    records, position = [], 0
    for record in map(bytes, page.data):
        position = stand_in.index(record, position)
        records.append(msgspec.Raw(body[position : position + len(record)]))
        position += len(record)
    return msgspec.structs.replace(page, data=records)
