"""The Merkle tree over the log's leaf hashes: roots, proofs and their verification. Source: RFC 9162, 2.1.

Pure: what is hashed is given. Which subtrees a proof is made of is told as spans of leaves, so that whoever keeps
the hashes (see tiles.py) fetches those and no more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


class Span(NamedTuple):
    """The leaves `first` up to but without `end`, counted from 0; never empty."""

    first: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.first


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over these hashes, which may be leaves or the roots of full subtrees of one size."""
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        # Pairing from the left and carrying a last odd one up makes the same tree as splitting at powers of two.
        paired = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def join_subtrees(roots: Sequence[bytes]) -> bytes:
    """The root over full subtrees that become smaller from left to right, as `full_subtrees` tells them."""
    *before, root = roots
    for left in reversed(before):
        root = node_hash(left, root)
    return root


def full_subtrees(span: Span) -> list[Span]:
    """The full subtrees that a span is made of, the largest first; `span` must be a subtree of some tree."""
    subtrees, first = [], span.first
    while first < span.end:
        size = 1 << ((span.end - first).bit_length() - 1)
        subtrees.append(Span(first, first + size))
        first += size
    return subtrees


def inclusion_spans(index: int, tree_size: int) -> list[Span]:
    """The subtrees whose roots prove that leaf `index` is in the tree, in the order of the proof. PATH of 2.1.3.1."""
    assert 0 <= index < tree_size
    spans, tree = [], Span(0, tree_size)
    while tree.size > 1:
        left, right = _split(tree)
        tree, sibling = (left, right) if index < left.end else (right, left)
        spans.append(sibling)
    return spans[::-1]


def consistency_spans(first_size: int, second_size: int) -> list[Span]:
    """The subtrees whose roots prove that the smaller tree begins the larger one, in the order of the proof.

    PROOF of 2.1.4.1.
    """
    assert 0 < first_size <= second_size
    spans, tree = [], Span(0, second_size)
    while tree.end != first_size:
        left, right = _split(tree)
        tree, sibling = (left, right) if first_size <= left.end else (right, left)
        spans.append(sibling)
    if tree.first > 0:
        # Else it is the smaller tree itself, whose root the verifier has.
        spans.append(tree)
    return spans[::-1]


def verify_inclusion(leaf_hash: bytes, index: int, tree_size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the tree of this size and root has `leaf_hash` as leaf `index` (from 0)."""
    if not 0 <= index < tree_size or not _are_hashes(leaf_hash, root, *proof):
        return False
    spans = inclusion_spans(index, tree_size)
    if len(spans) != len(proof):
        return False
    found = leaf_hash
    for sibling, of in zip(proof, spans, strict=True):
        found = node_hash(found, sibling) if index < of.first else node_hash(sibling, found)
    return found == root


def verify_consistency(
    first_size: int, first_root: bytes, second_size: int, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the proof shows that the tree of the second size and root begins with the first. False for size 0."""
    if not 0 < first_size <= second_size or not _are_hashes(first_root, second_root, *proof):
        return False
    spans = consistency_spans(first_size, second_size)
    if len(spans) != len(proof):
        return False
    siblings = list(zip(proof, spans, strict=True))
    old = new = first_root
    if siblings and siblings[0][1].end == first_size:
        # Both trees end with this subtree; otherwise it is the whole smaller tree that the larger one begins with.
        old = new = siblings.pop(0)[0]
    for sibling, of in siblings:
        if of.end <= first_size:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    return (old, new) == (first_root, second_root)


def _split(tree: Span) -> tuple[Span, Span]:
    """The left part has the largest power of two of leaves that is less than the whole."""
    middle = tree.first + (1 << ((tree.size - 1).bit_length() - 1))
    return Span(tree.first, middle), Span(middle, tree.end)


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
