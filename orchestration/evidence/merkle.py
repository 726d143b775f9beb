"""A hash tree over the records of one day (RFC 6962, section 2.1), and proofs that one record is in it.

A leaf is the SHA-256 of a zero byte and the record's `payload_sha256` as 64 hexadecimal digits; a node that of a
one byte and its two children. Where a level has an odd number of nodes, the last one goes up as it is. The tree
without leaves has the SHA-256 of nothing.
"""

import hashlib
from collections.abc import Iterator, Sequence

DIGITS = 64


def merkle_root(hashes: str) -> str:
    """The root (hex) over hashes that are given as hexadecimal digits, one after the other."""
    *_, top = _levels(hashes)
    return top[0].hex() if top else hashlib.sha256().hexdigest()


def inclusion_path(hashes: str, index: int) -> list[str]:
    """The nodes (hex) that lead from the leaf at `index` to the root, from below."""
    path = []
    for level in _levels(hashes):
        if (beside := index ^ 1) < len(level):
            path.append(level[beside].hex())
        index //= 2
    return path


def root_of(payload_sha256: str, index: int, count: int, path: Sequence[str]) -> str | None:
    """The root (hex) that follows in a tree of `count` leaves; None where the path is too short or too long."""
    if not 0 <= index < count:
        return None
    node, beside = _leaf(payload_sha256.encode()), iter(path)
    while count > 1:
        if (index ^ 1) < count:
            other = next(beside, None)
            if other is None:
                return None
            node = _node(bytes.fromhex(other), node) if index % 2 else _node(node, bytes.fromhex(other))
        index, count = index // 2, (count + 1) // 2
    return node.hex() if next(beside, None) is None else None


def _levels(hashes: str) -> Iterator[list[bytes]]:
    """The levels of the tree, from the leaves to the root alone."""
    digits = hashes.encode()
    level = [_leaf(digits[start : start + DIGITS]) for start in range(0, len(digits), DIGITS)]
    yield level
    while len(level) > 1:
        last = level[-1:] if len(level) % 2 else []
        level = [_node(left, right) for left, right in zip(level[::2], level[1::2], strict=False)] + last
        yield level


def _leaf(digits: bytes) -> bytes:
    return hashlib.sha256(b"\0" + digits).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
