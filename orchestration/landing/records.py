"""Records of one extract, packed: their bytes end to end, their sizes and their hashes.

Packed as soon as a page has arrived, so that neither the response nor an object per record stays in memory, and in
the form in which DuckDB reads them without copying.
"""

import hashlib
from array import array
from collections.abc import Sequence
from itertools import accumulate

import pyarrow as pa

_DIGEST_SIZE = 32


class Records:
    """Records in feed order. `byte_count` is the sum of their sizes."""

    def __init__(self) -> None:
        self._text: list[bytes] = []
        self._sizes = array("q")
        self._digests: list[bytes] = []
        self.byte_count = 0

    def __len__(self) -> int:
        return len(self._sizes)

    def add(self, records: Sequence[bytes]) -> None:
        """Add one page; each record is hashed as received."""
        text = b"".join(records)
        self._text.append(text)
        self._sizes.extend(map(len, records))
        self._digests.append(b"".join([hashlib.sha256(record).digest() for record in records]))
        self.byte_count += len(text)

    def split(self, count: int) -> tuple["Records", "Records"]:
        """The first `count` records, and the others."""
        text, digests = b"".join(self._text), b"".join(self._digests)
        end = sum(self._sizes[:count])
        cut = count * _DIGEST_SIZE
        return (
            _packed(text[:end], self._sizes[:count], digests[:cut]),
            _packed(text[end:], self._sizes[count:], digests[cut:]),
        )

    @property
    def hashes(self) -> bytes:
        """The SHA-256 of every record in lower-case hex, 64 bytes each, end to end."""
        return b"".join(self._digests).hex().encode()

    def to_arrow(self) -> tuple[pa.Array, pa.Array]:
        """The columns payload and payload_sha256."""
        width = 2 * _DIGEST_SIZE
        return (
            _strings(b"".join(self._text), array("q", accumulate(self._sizes, initial=0))),
            _strings(self.hashes, array("q", range(0, width * len(self) + 1, width))),
        )


def _packed(text: bytes, sizes: array, digests: bytes) -> Records:
    records = Records()
    records._text, records._sizes, records._digests = [text], sizes, [digests]
    records.byte_count = len(text)
    return records


def _strings(text: bytes, offsets: array) -> pa.Array:
    # 64-bit offsets: a page of huge records may be longer than 2 GB.
    return pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(text))
