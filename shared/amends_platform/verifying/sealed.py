"""A range of the log against the rows of the tree that were made of it: what was changed since, event or row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from amends_platform.verifying.faults import Fault
from amends_platform.verifying.reading import GONE, Reading
from amends_store.merkle import HASH_BYTES, root_of
from amends_store.tiles import TILE_HASHES


class Sealed:
    """The leaves of a range as they were sealed: by the rows of the tree where there are such, else as stored.

    `hashes` has one for each leaf, `row_roots` those of the full rows. What is above can then tell which of several
    disagreeing hashes it was made of: where it agrees, nothing but the fault at that one position is wrong.
    """

    def __init__(self, reading: Reading, newest: int) -> None:
        """`newest`: the size of the newest checkpoint, up to which there must be rows."""
        self.hashes: list[bytes] = []
        self.row_roots: list[bytes] = []
        self.faults: list[Fault] = []
        self._reading = reading
        self._newest = newest

    def compare(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """`rows`: those of the leaves of this range, as the database has them."""
        by_number = {row["index"]: row for row in rows}
        span = self._reading.span
        for first in range(span.first, span.end, TILE_HASHES):
            end = min(first + TILE_HASHES, span.end)
            if end - first < TILE_HASHES:
                self._compare_leaves(first, end, None)
                continue
            row = self._trusted(first, by_number.get(first // TILE_HASHES))
            self._compare_leaves(first, end, None if row is None else row["hashes"])
            self.row_roots.append(root_of(self.hashes[first - span.first :]) if row is None else row["root"])

    def _trusted(self, first: int, row: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """The row that begins at this leaf; None where there is none, or it contradicts itself."""
        if row is None:
            if first + TILE_HASHES <= self._newest:
                self._fault_of_row(first, "is missing")
            return None
        if len(row["hashes"]) != TILE_HASHES * HASH_BYTES:
            self._fault_of_row(first, f"has not {TILE_HASHES} hashes")
            return None
        if root_of(split_hashes(row["hashes"])) != row["root"]:
            self._fault_of_row(first, "has another root than its hashes have")
            return None
        return row

    def _compare_leaves(self, first: int, end: int, joined: bytes | None) -> None:
        """The leaves from `first` to before `end`; `joined` are their hashes in the row, None without a row."""
        here = slice(first - self._reading.span.first, end - self._reading.span.first)
        computed, stored = self._reading.computed[here], self._reading.stored[here]
        if computed == stored and joined in (None, b"".join(computed)):
            self.hashes += computed
            return
        sealed = stored if joined is None else split_hashes(joined)
        for position, hashes in enumerate(zip(computed, stored, sealed, strict=True), first + 1):
            if (what := _disagreement(*hashes, has_row=joined is not None)) is not None:
                self.faults.append(Fault(position, what))
        self.hashes += sealed

    def _fault_of_row(self, first: int, what: str) -> None:
        number = first // TILE_HASHES
        self.faults.append(Fault(first + 1, f"row {number} of the tree's leaves {what}", first + TILE_HASHES))


def _disagreement(computed: bytes, stored: bytes, sealed: bytes, *, has_row: bool) -> str | None:
    """What the hash of an event's fields, the one stored beside them and the one in its row have against another.

    None when all is well, and for an event that is not there, of which that is said already.
    """
    if computed == GONE or computed == stored == sealed:
        return None
    if computed == stored:
        return "its hash is that of its content, but the tree has another for it"
    if not has_row:
        return "its hash is not that of its content"
    if stored == sealed:
        return "its hash is not that of its content, which was changed: the tree has this hash"
    if computed == sealed:
        return "its hash is not that of its content: the hash was changed, the tree has the right one"
    return "its hash is not that of its content, and the tree has neither"


def split_hashes(joined: bytes) -> list[bytes]:
    """The hashes of a row."""
    return [joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]
