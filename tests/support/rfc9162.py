"""An independent reading of RFC 9162, section 2.1: what a tree, a path and a proof are, and how they are verified.

Written from the text of the RFC alone, with its names, to judge the product; it imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import sha256

Path = list[bytes]


def leaf(data: bytes) -> bytes:
    """The hash of a leaf: MTH({d[0]}) of 2.1.1."""
    return sha256(b"\x00" + data).digest()


class Tree:
    """The definitions of 2.1.1, 2.1.3.1 and 2.1.4.1 over D_n = d[0] … d[n-1]; `D[a:b]` is the pair (a, b)."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self._entries = entries
        # Every path needs the same subtrees again.
        self._mth = cache(self._mth_by_definition)

    def head(self, n: int) -> bytes:
        """MTH(D_n)."""
        return self._mth(0, n)

    def subtree(self, a: int, b: int) -> bytes:
        """MTH(D[a:b])."""
        return self._mth(a, b)

    def path(self, m: int, n: int) -> Path:
        """PATH(m, D_n)."""
        return self._path(m, 0, n)

    def proof(self, m: int, n: int) -> Path:
        """PROOF(m, D_n), 0 < m <= n."""
        return self._subproof(m, 0, n, complete=True)

    def _mth_by_definition(self, a: int, b: int) -> bytes:
        n = b - a
        if n == 0:
            return sha256().digest()
        if n == 1:
            return leaf(self._entries[a])
        k = _k(n)
        return sha256(b"\x01" + self._mth(a, a + k) + self._mth(a + k, b)).digest()

    def _path(self, m: int, a: int, b: int) -> Path:
        n = b - a
        if n == 1:
            return []
        k = _k(n)
        if m < k:
            return [*self._path(m, a, a + k), self._mth(a + k, b)]
        return [*self._path(m - k, a + k, b), self._mth(a, a + k)]

    def _subproof(self, m: int, a: int, b: int, *, complete: bool) -> Path:
        n = b - a
        if m == n:
            return [] if complete else [self._mth(a, b)]
        k = _k(n)
        if m <= k:
            return [*self._subproof(m, a, a + k, complete=complete), self._mth(a + k, b)]
        return [*self._subproof(m - k, a + k, b, complete=False), self._mth(a, a + k)]


def verifies_inclusion(leaf_hash: bytes, leaf_index: int, tree_size: int, path: Path, root_hash: bytes) -> bool:
    """The algorithm of 2.1.3.2, step by step."""
    if leaf_index >= tree_size:
        return False
    fn, sn = leaf_index, tree_size - 1
    r = leaf_hash
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = sha256(b"\x01" + p + r).digest()
            while not (fn & 1 or fn == 0):
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\x01" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root_hash


def verifies_consistency(first: int, first_hash: bytes, second: int, second_hash: bytes, path: Path) -> bool:
    """The algorithm of 2.1.4.2, step by step; the proof that a tree begins with itself is empty (2.1.4.1)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return path == [] and first_hash == second_hash
    if not path:
        return False
    if first & (first - 1) == 0:
        path = [first_hash, *path]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr = sha256(b"\x01" + c + fr).digest()
            sr = sha256(b"\x01" + c + sr).digest()
            while not (fn & 1 or fn == 0):
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\x01" + sr + c).digest()
        fn, sn = fn >> 1, sn >> 1
    return fr == first_hash and sr == second_hash and sn == 0


def _k(n: int) -> int:
    """The largest power of two smaller than n (k < n <= 2k)."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k
