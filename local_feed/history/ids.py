"""Deterministic identifiers that look random: the same parts always give the same id."""

import base64
import hashlib
import uuid

_PLAIN = bytes.maketrans(b"+/", b"xy")


def opaque(prefix: str, *parts: object) -> str:
    """An id such as `user_01Xc…` for the given parts."""
    digest = hashlib.sha256("/".join(map(str, (prefix, *parts))).encode()).digest()
    return f"{prefix}_01{base64.b64encode(digest).translate(_PLAIN)[:22].decode()}"


def opaque_uuid(*parts: object) -> str:
    """A UUID for the given parts."""
    return str(uuid.UUID(bytes=hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:16], version=4))


def number(limit: int, *parts: object) -> int:
    """A number from 0 to `limit` - 1 for the given parts."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % limit


def opaque_batch(noise: bytes) -> str:
    """Letters and digits from random bytes: 24 characters for every 18 bytes."""
    return base64.b64encode(noise).translate(_PLAIN).decode()
