"""The Merkle tree of a log that is read from its beginning: what is needed of it further on, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from amends_store.merkle import join_subtrees, node_hash, root_of
from amends_store.tiles import TILE_HASHES


class FullRow(NamedTuple):
    """A row of the tree that has become full: `hashes` are the roots of rows of the level below."""

    level: int
    number: int
    hashes: list[bytes]


@dataclass
class Tower:
    """Grows by the root of one full row of leaves after the other.

    `_peaks` are the full subtrees that the tree is made of, the largest first, each with its height above the rows.
    `_unfull` are the hashes of the last row of each level above the leaves, and `_full` how many rows are full.
    """

    _peaks: list[tuple[int, bytes]] = field(default_factory=list)
    _unfull: list[list[bytes]] = field(default_factory=list)
    _full: list[int] = field(default_factory=list)

    def add(self, root: bytes) -> Iterator[FullRow]:
        """The next row of leaves has this root. Tells the rows above that it fills; to be exhausted."""
        peak = 0, root
        while self._peaks and self._peaks[-1][0] == peak[0]:
            height, left = self._peaks.pop()
            peak = height + 1, node_hash(left, peak[1])
        self._peaks.append(peak)
        return self._fill(1, root)

    def root(self, rest: bytes | None) -> bytes:
        """The root over all rows, and over `rest`, the root of what follows them and fills no row."""
        peaks = [peak for _, peak in self._peaks]
        return join_subtrees(peaks if rest is None else [*peaks, rest])

    def _fill(self, level: int, root: bytes) -> Iterator[FullRow]:
        if level > len(self._unfull):
            self._unfull.append([])
            self._full.append(0)
        row = self._unfull[level - 1]
        row.append(root)
        if len(row) == TILE_HASHES:
            yield FullRow(level, self._full[level - 1], row)
            self._unfull[level - 1] = []
            self._full[level - 1] += 1
            yield from self._fill(level + 1, root_of(row))

    def to_json(self) -> dict[str, Any]:
        """For `from_json`."""
        return {
            "peaks": [[height, peak.hex()] for height, peak in self._peaks],
            "unfull": [[each.hex() for each in row] for row in self._unfull],
            "full": self._full,
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Tower:
        return cls(
            [(height, bytes.fromhex(peak)) for height, peak in document["peaks"]],
            [[bytes.fromhex(each) for each in row] for row in document["unfull"]],
            list(document["full"]),
        )
