"""The tree: its roots by known answers, and proofs that hold for what they are of and for nothing else."""

from __future__ import annotations

import hashlib

import pytest

from amends_store.merkle import (
    Span,
    consistency_spans,
    full_subtrees,
    inclusion_spans,
    join_subtrees,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The leaves and roots that Certificate Transparency's implementations are tested with.
ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [hashlib.sha256(b"\x00" + bytes.fromhex(entry)).digest() for entry in ENTRIES]
SIZES = [*range(1, 18), 31, 32, 33, 64, 65, 67]
MANY = [hashlib.sha256(n.to_bytes(2, "big")).digest() for n in range(max(SIZES))]


def roots(spans: list[Span]) -> list[bytes]:
    return [root_of(MANY[span.first : span.end]) for span in spans]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize("size", SIZES)
def test_a_tree_is_made_of_its_full_subtrees(size: int) -> None:
    subtrees = full_subtrees(Span(0, size))
    assert [span.size for span in subtrees] == [1 << bit for bit in reversed(range(8)) if size >> bit & 1]
    assert join_subtrees(roots(subtrees)) == root_of(MANY[:size])


@pytest.mark.parametrize("size", SIZES)
def test_an_inclusion_proof_holds_for_its_leaf_at_its_place_and_nowhere_else(size: int) -> None:
    root = root_of(MANY[:size])
    for index in range(size):
        proof = roots(inclusion_spans(index, size))
        holds = [at for at in range(-1, size + 2) if verify_inclusion(MANY[index], at, size, proof, root)]
        assert holds == [index]
        assert not verify_inclusion(MANY[index - 1], index, size, proof, root) or size == 1
        assert not verify_inclusion(MANY[index], index, size, [*proof, root], root)
        assert not verify_inclusion(MANY[index], index, size, proof[:-1], root) or size == 1


@pytest.mark.parametrize("size", SIZES)
def test_a_consistency_proof_holds_for_its_two_trees_and_no_others(size: int) -> None:
    root = root_of(MANY[:size])
    for first in range(1, size + 1):
        first_root = root_of(MANY[:first])
        proof = roots(consistency_spans(first, size))
        assert verify_consistency(first, first_root, size, root, proof)
        assert not verify_consistency(first, root_of([MANY[-1], *MANY[1:first]]), size, root, proof)
        assert not verify_consistency(first, first_root, size, first_root, proof) or first == size
        assert not verify_consistency(first, first_root, size, root, [*proof, root])
        assert not verify_consistency(first, first_root, size, root, proof[:-1]) or not proof
        assert not verify_consistency(size + 1, first_root, size, root, proof)


def test_a_log_that_was_empty_proves_nothing() -> None:
    assert not verify_consistency(0, root_of([]), 3, root_of(MANY[:3]), [])


def test_what_is_not_a_hash_proves_nothing() -> None:
    proof = roots(inclusion_spans(0, 2))
    root = root_of(MANY[:2])
    assert verify_inclusion(MANY[0], 0, 2, proof, root)
    # Moved from one field to its neighbour, the same bytes would hash to the same root.
    assert not verify_inclusion(MANY[0] + proof[0][:1], 0, 2, [proof[0][1:]], root)
