"""Reads a response body within limits, decompresses it, and cuts it into records."""

import json
import re
import zlib
from collections.abc import AsyncIterator, Sequence

import httpx
import msgspec
import pyarrow as pa

# A page of 5,000 records of 25 kB each. A body without a bound would let one answer take all memory.
MAX_BODY_BYTES = 128 * 2**20
# For a response that is not a page, only the beginning is worth reporting.
MAX_ERROR_BYTES = 64 * 2**10

# An escaped half of a surrogate pair, and its valid replacement of the same length while a body is cut.
SURROGATE, STAND_IN = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"), rb"\\ufffd"


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

    httpx would decompress a chunk to any size; here nothing grows beyond the limit.

    Raises:
        TooLarge: it is larger than `limit` bytes, packed or unpacked.
        Unreadable: it is packed in another way, or wrongly.
        httpx.TransportError: the connection failed.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip"):
        raise Unreadable("a content-encoding that was not asked for")
    pieces = _bounded(response.aiter_raw(), limit)
    return b"".join([piece async for piece in (_unpacked(pieces, limit) if coding == "gzip" else pieces)])


async def _bounded(pieces: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > limit:
            raise TooLarge
        yield piece


async def _unpacked(pieces: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    """What the members of the gzip hold, one after the other (RFC 1952, 2.2: there may be several)."""
    member: zlib._Decompress | None = None
    size = 0
    async for packed in pieces:
        while packed:
            member = member or zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            try:
                piece = member.decompress(packed, limit - size + 1)
            except zlib.error:
                raise Unreadable("gzip that cannot be unpacked") from None
            size += len(piece)
            if size > limit:
                raise TooLarge
            yield piece
            packed, member = (member.unused_data, None) if member.eof else (b"", member)
    if member or not size:
        raise Unreadable("gzip that breaks off")


def cut(body: bytes) -> Page:
    """The page with its records cut out of the body as they stand in it.

    An escaped half of a surrogate pair is valid JSON (RFC 8259, 8.2), but the decoder refuses it: such a body is
    cut along a copy in which these escapes are replaced by others of the same length.

    Raises:
        Unreadable: the body is not UTF-8, JSON or a page, or it repeats a name outside its records.
    """
    try:
        # Most pages are ASCII. Decoding one only to validate it takes as long as cutting it.
        if not body.isascii():
            body.decode("utf-8")
        stand_in = body
        try:
            page = _DECODER.decode(body)
        except msgspec.DecodeError:
            stand_in = SURROGATE.sub(STAND_IN, body)
            if stand_in == body:
                raise
            page = _DECODER.decode(stand_in)
        _refuse_repeated_names(stand_in, page.data)
    except UnicodeDecodeError:
        raise Unreadable("invalid UTF-8") from None
    except RecursionError:
        raise Unreadable("JSON that is nested too deep") from None
    except ValueError as error:
        raise Unreadable(str(error)) from None
    if stand_in is body:
        return page
    records, position = [], 0
    for record in map(bytes, page.data):
        position = stand_in.index(record, position)
        records.append(msgspec.Raw(body[position : position + len(record)]))
        position += len(record)
    return msgspec.structs.replace(page, data=records)


def _refuse_repeated_names(body: bytes, records: Sequence[msgspec.Raw]) -> None:
    """Refuse a page that repeats a name, such as `data`: the decoder would keep only the last.

    The records, which are nearly all of the body, are left out before the names are read.
    """
    if records:
        # They are slices of the body. Searching the body for them takes longer than decoding it.
        origin, first, last = (pa.py_buffer(memoryview(one)) for one in (body, records[0], records[-1]))
        start, end = first.address - origin.address, last.address + last.size - origin.address
        body = body[:start] + b"0" + body[end:]
    names = [name for name, _ in json.loads(body, object_pairs_hook=list)]
    if len(set(names)) < len(names):
        raise ValueError("an object with a name twice")
