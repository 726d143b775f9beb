"""The keyed pseudonyms that the general set has in the place of values that tell who somebody is."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from pydantic import SecretStr

PREFIX = "p_"
# Of the 64 hexadecimal digits: 128 bits, so that no two values of any organization share a pseudonym.
DIGITS = 32


class Pseudonyms:
    """Pseudonyms under one key: `p_` and the first 32 hexadecimal digits of HMAC-SHA-256 over the value in UTF-8.

    A value with an `@` is taken without space around it and in lower case, so that an email has one pseudonym
    however it was typed. The key itself is not kept.
    """

    __slots__ = ("_keyed",)

    def __init__(self, key: SecretStr) -> None:
        self._keyed = hmac.new(key.get_secret_value().encode(), digestmod=hashlib.sha256)

    def of(self, value: str) -> str:
        """The pseudonym of a value."""
        told = value.strip().lower() if "@" in value else value
        return PREFIX + self._digest(told)[:DIGITS]

    def behind(self, wanted: set[str], values: Iterable[str | None]) -> dict[str, list[str]]:
        """The values that have the wanted pseudonyms, in order; several where an email was typed several ways."""
        found: dict[str, list[str]] = {}
        for value in sorted({one for one in values if one is not None}):
            pseudonym = self.of(value)
            if pseudonym in wanted:
                found.setdefault(pseudonym, []).append(value)
        return found

    @property
    def key_mark(self) -> str:
        """The same for the same key, and nothing to guess it by: to notice that pseudonyms have changed."""
        return self._digest("which key this is")

    def _digest(self, text: str) -> str:
        keyed = self._keyed.copy()
        keyed.update(text.encode())
        return keyed.hexdigest()
