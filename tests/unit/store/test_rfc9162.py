"""The product's Merkle tree against the independent verifier: every proof of trees of 1 to 132, 250 to 300 leaves."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import count

import pytest

from amends_store.merkle import (
    consistency_spans,
    inclusion_spans,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.support.rfc9162 import Tree, leaf, verifies_consistency, verifies_inclusion

SIZE_MAX = 300
# Every shape up to a few levels, and again where another level begins.
CHUNKS = [range(1, 61), range(61, 133), range(250, 276), range(276, SIZE_MAX + 1)]
# Where both verifiers are asked of everything: around powers of two, where paths change their shape, and in between.
SHAPES = [1, 2, 3, 4, 5, 7, 8, 9, 100, 255, 256, 257, 300]
# Up to here every single bit is changed of every proof; of a larger tree, of one.
SMALL = 12
ENTRIES = [f"entry {number}".encode() for number in range(SIZE_MAX)]
LEAVES = [leaf(entry) for entry in ENTRIES]
TREE = Tree(ENTRIES)

Proof = list[bytes]


def inclusion_proof(index: int, size: int) -> Proof:
    """Ours: the subtrees that the product names, hashed by the definition."""
    return [TREE.subtree(*span) for span in inclusion_spans(index, size)]


def consistency_proof(first: int, second: int) -> Proof:
    """Ours: the subtrees that the product names, hashed by the definition."""
    return [TREE.subtree(*span) for span in consistency_spans(first, second)]


def included(hash_: bytes, index: int, size: int, proof: Proof, root: bytes) -> bool:
    """What both verifiers say; they never differ."""
    ours = verify_inclusion(hash_, index, size, proof, root)
    assert ours == verifies_inclusion(hash_, index, size, proof, root)
    return ours


def consistent(first: int, first_root: bytes, second: int, second_root: bytes, proof: Proof) -> bool:
    """What both verifiers say; they never differ."""
    ours = verify_consistency(first, first_root, second, second_root, proof)
    assert ours == verifies_consistency(first, first_root, second, second_root, proof)
    return ours


def flipped(hashes: Proof, bit: int) -> Proof:
    """The hashes with one bit of all of theirs changed."""
    at, rest = divmod(bit, 256)
    changed = int.from_bytes(hashes[at], "big") ^ 1 << rest
    return [*hashes[:at], changed.to_bytes(32, "big"), *hashes[at + 1 :]]


def each_flipped(hashes: Proof) -> Iterator[Proof]:
    return (flipped(hashes, bit) for bit in range(len(hashes) * 256))


def looked_at(size: int) -> range:
    """The leaves of a tree whose every bit is changed: all of a small one, else one, of odd sizes the lone last."""
    index = size - 1 if size % 2 else 7_919 % size
    return range(size) if size <= SMALL else range(index, index + 1)


# The definitions, by known answers


def test_the_heads_of_small_trees_are_what_their_definition_makes_them() -> None:
    def node(left: bytes, right: bytes) -> bytes:
        return sha256(b"\x01" + left + right).digest()

    a, b, c, d, e = LEAVES[:5]
    wanted = [
        bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        sha256(b"\x00entry 0").digest(),
        node(a, b),
        node(node(a, b), c),
        node(node(a, b), node(c, d)),
        node(node(node(a, b), node(c, d)), e),
    ]
    assert [TREE.head(size) for size in range(6)] == wanted
    assert [root_of(LEAVES[:size]) for size in range(6)] == wanted


def test_the_proofs_of_seven_leaves_are_those_of_the_rfc() -> None:
    """The example of 2.1.5, with its names."""
    a, b, c, d, _e, f, j = LEAVES[:7]
    g, h, i = TREE.subtree(0, 2), TREE.subtree(2, 4), TREE.subtree(4, 6)
    k, l = TREE.subtree(0, 4), TREE.subtree(4, 7)  # noqa: E741
    paths = {0: [b, h, l], 3: [c, g, l], 4: [f, j, k], 6: [i, k]}
    proofs = {3: [c, d, g, l], 4: [l], 6: [i, j, k]}
    assert a == TREE.head(1)
    for index, path in paths.items():
        assert TREE.path(index, 7) == inclusion_proof(index, 7) == path
    for first, proof in proofs.items():
        assert TREE.proof(first, 7) == consistency_proof(first, 7) == proof


# Every proof is the RFC's, and holds


@pytest.mark.parametrize("sizes", CHUNKS, ids=str)
def test_every_inclusion_proof_is_accepted_and_none_with_a_bit_changed(sizes: range) -> None:
    bits = count()
    for size in sizes:
        root = TREE.head(size)
        assert root_of(LEAVES[:size]) == root
        for index in range(size):
            path = inclusion_proof(index, size)
            assert path == TREE.path(index, size)
            assert included(LEAVES[index], index, size, path, root)
            # One bit of each, another every time; all bits of one of every size are below.
            hashes = [LEAVES[index], root, *path]
            leaf_hash, other_root, *proof = flipped(hashes, next(bits) % (len(hashes) * 256))
            assert not included(leaf_hash, index, size, proof, other_root)


@pytest.mark.parametrize("seconds", CHUNKS, ids=str)
def test_every_consistency_proof_is_accepted_and_none_with_a_bit_changed(seconds: range) -> None:
    bits = count()
    for second in seconds:
        root = TREE.head(second)
        for first in range(1, second + 1):
            first_root, proof = TREE.head(first), consistency_proof(first, second)
            assert proof == TREE.proof(first, second)
            assert consistent(first, first_root, second, root, proof)
            hashes = [first_root, root, *proof]
            other_first, other_root, *other = flipped(hashes, next(bits) % (len(hashes) * 256))
            assert not consistent(first, other_first, second, other_root, other)


# Nothing else does


@pytest.mark.parametrize("sizes", CHUNKS, ids=str)
def test_a_bit_changed_anywhere_is_an_inclusion_that_does_not_hold(sizes: range) -> None:
    """Every bit of the leaf, of the root and of the path: in small trees of every leaf, in each larger one of one."""
    for size in sizes:
        holds = included if size in SHAPES else verifies_inclusion
        for index in looked_at(size):
            for leaf_hash, root, *path in each_flipped([LEAVES[index], TREE.head(size), *TREE.path(index, size)]):
                assert not holds(leaf_hash, index, size, path, root)


@pytest.mark.parametrize("seconds", CHUNKS, ids=str)
def test_a_bit_changed_anywhere_is_a_consistency_that_does_not_hold(seconds: range) -> None:
    """Every bit of both roots and of the proof: for small trees from every size, for each larger one from one."""
    for second in seconds:
        holds = consistent if second in SHAPES else verifies_consistency
        for first in (index + 1 for index in looked_at(second)):
            heads = [TREE.head(first), TREE.head(second)]
            for first_root, root, *proof in each_flipped([*heads, *TREE.proof(first, second)]):
                assert not holds(first, first_root, second, root, proof)


@pytest.mark.parametrize("size", SHAPES)
def test_a_leaf_is_at_no_other_place(size: int) -> None:
    root = TREE.head(size)
    for index in range(size):
        places = {index ^ 1 << bit for bit in range(12)}
        path = TREE.path(index, size)
        assert not any(included(LEAVES[index], place, size, path, root) for place in places)


@pytest.mark.parametrize("size", SHAPES)
def test_both_say_the_same_of_another_size(size: int) -> None:
    """A size is vouched for by the signature of the checkpoint; a path may well fit a tree of another size."""
    root = TREE.head(size)
    for other in {size ^ 1 << bit for bit in range(12)} | {size - 1, size + 1}:
        for number in {0, size // 2, size - 1}:
            included(LEAVES[number], number, other, TREE.path(number, size), root)
            consistent(number + 1, TREE.head(number + 1), other, root, TREE.proof(number + 1, size))
            consistent(other, TREE.head(number + 1), size, root, TREE.proof(number + 1, size))


@pytest.mark.parametrize("size", SHAPES)
def test_a_proof_that_is_longer_shorter_or_in_another_order_does_not_hold(size: int) -> None:
    root = TREE.head(size)
    for index in {0, size // 2, size - 1}:
        path = TREE.path(index, size)
        for other in ([*path, root], path[:-1], path[1:], path[::-1], [root, *path]):
            assert other == path or not included(LEAVES[index], index, size, other, root)
    for first in {1, (size + 1) // 2, size}:
        proof, first_root = TREE.proof(first, size), TREE.head(first)
        for other in ([*proof, root], proof[:-1], proof[1:], proof[::-1], [root, *proof]):
            assert other == proof or not consistent(first, first_root, size, root, other)
