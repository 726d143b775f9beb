"""Keyed pseudonyms, which replace identifying values in the general set."""

import hashlib
import hmac
from collections.abc import Iterable

from pydantic import SecretStr

PREFIX = "p_"
# Of 64 hexadecimal digits. 128 bits make a collision between two values of an organization negligible.
DIGITS = 32


class Pseudonyms:
    """Pseudonyms under one key: `p_` and the first 32 hexadecimal digits of HMAC-SHA-256 over the value in UTF-8.

    A value with an `@` is stripped and lowercased first, so that all spellings of an email have one pseudonym. The
    key itself is not kept.
    """

    __slots__ = ("_keyed",)

    def __init__(self, key: SecretStr) -> None:
        self._keyed = hmac.new(key.get_secret_value().encode(), digestmod=hashlib.sha256)

    def of(self, value: str) -> str:
        """The pseudonym of a value."""
        normalized = value.strip().lower() if "@" in value else value
        return PREFIX + self._digest(normalized)[:DIGITS]

    def behind(self, wanted: set[str], values: Iterable[str | None]) -> dict[str, list[str]]:
        """The values behind the wanted pseudonyms, sorted; several if an email occurs in several spellings."""
        originals: dict[str, list[str]] = {}
        for value in sorted({one for one in values if one is not None}):
            pseudonym = self.of(value)
            if pseudonym in wanted:
                originals.setdefault(pseudonym, []).append(value)
        return originals

    @property
    def key_mark(self) -> str:
        """A digest that identifies the key without revealing it, to detect a changed key."""
        return self._digest("which key this is")

    def _digest(self, text: str) -> str:
        keyed = self._keyed.copy()
        keyed.update(text.encode())
        return keyed.hexdigest()
