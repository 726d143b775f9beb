"""Opaque cursors: authenticated positions in the feed, each valid only for the query that it was made for.

The secret is fixed, so that cursors survive a restart of the server. It only keeps clients from parsing or
building cursors.
"""

import base64
import binascii
import hashlib
import hmac

from local_feed.serving.errors import Refusal
from local_feed.timeline import Key

_SECRET = b"local activity feed"
_SEAL_SIZE = 12
_QUERY_SIZE = 8


def _seal(content: bytes) -> bytes:
    return hmac.digest(_SECRET, content, "sha256")[:_SEAL_SIZE]


def _cover(seal: bytes, content: bytes) -> bytes:
    stream = hashlib.shake_256(_SECRET + seal).digest(len(content))
    return bytes(a ^ b for a, b in zip(content, stream, strict=True))


def _mark(query: str) -> bytes:
    return hashlib.sha256(query.encode()).digest()[:_QUERY_SIZE]


def make_cursor(key: Key, query: str) -> str:
    """The cursor for a position, bound to the query's fingerprint."""
    at, activity_id, serial = key
    content = _mark(query) + at.to_bytes(8, "big", signed=True) + serial.to_bytes(6, "big")
    content += activity_id.encode("utf-8", "surrogatepass")
    seal = _seal(content)
    return base64.urlsafe_b64encode(seal + _cover(seal, content)).decode().rstrip("=")


def open_cursor(cursor: str, query: str, name: str) -> Key:
    """The position in a cursor.

    Raises:
        Refusal: 400, the cursor is not valid or belongs to another query.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(400, f"{name}: not a valid cursor") from error
    seal = raw[:_SEAL_SIZE]
    content = _cover(seal, raw[_SEAL_SIZE:])
    if len(content) < _QUERY_SIZE + 14 or not hmac.compare_digest(seal, _seal(content)):
        raise Refusal(400, f"{name}: not a valid cursor")
    if content[:_QUERY_SIZE] != _mark(query):
        raise Refusal(400, f"{name}: this cursor was made by another query; keep bounds, filters and order")
    position = content[_QUERY_SIZE:]
    return (
        int.from_bytes(position[:8], "big", signed=True),
        position[14:].decode(),
        int.from_bytes(position[8:14], "big"),
    )
