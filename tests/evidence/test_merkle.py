"""The hash tree of a day against RFC 6962 as it is written, and proofs of every record in trees of all shapes."""

import hashlib

import pytest

from orchestration.evidence.merkle import inclusion_path, merkle_root, root_of

HASHES = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(33)]


def tree_hash(entries: list[str]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word."""
    if len(entries) <= 1:
        return hashlib.sha256(b"".join(b"\0" + one.encode() for one in entries)).digest()
    split = 1 << ((len(entries) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + tree_hash(entries[:split]) + tree_hash(entries[split:])).digest()


@pytest.mark.parametrize("count", range(len(HASHES) + 1))
def test_every_record_of_a_tree_is_proven_and_nothing_else(count: int):
    hashes = "".join(HASHES[:count])
    root = merkle_root(hashes)
    assert root == tree_hash(HASHES[:count]).hex()
    for index in range(count):
        path = inclusion_path(hashes, index)
        assert len(path) <= count.bit_length()
        assert root_of(HASHES[index], index, count, path) == root
        assert root_of(HASHES[index - 1], index, count, path) != root or count == 1
        assert root_of(HASHES[index], index, count, [*path, root]) is None
        if path:
            assert root_of(HASHES[index], index, count, path[:-1]) is None
            assert root_of(HASHES[index], index, count, [root, *path[1:]]) != root
        assert root_of(HASHES[index], count, count, path) is None
