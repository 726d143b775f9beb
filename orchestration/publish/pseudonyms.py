"""What is published in the place of a value that tells who somebody is: a keyed pseudonym, or a network."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable

from pydantic import SecretStr

PREFIX = "p_"
# Of the 64 hexadecimal digits: 128 bits, so that no two values of any organization share a pseudonym.
DIGITS = 32
# Of an address stays what a provider gives out, not what one household has.
PREFIX_BITS = {4: 24, 6: 48}


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


def address_prefix(value: str) -> str | None:
    """The network of an IP address: `203.0.113.0/24`, `2001:db8:1::/48`; null for what is no address.

    An IPv4 address inside of an IPv6 address is cut like one.
    """
    try:
        address = ipaddress.ip_address(value.strip())
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    return str(ipaddress.ip_network((int(address), PREFIX_BITS[address.version]), strict=False))
