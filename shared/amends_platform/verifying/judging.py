"""The ranges of a log put together: what can only be said of them in their order."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from itertools import zip_longest
from typing import Final

import asyncpg

from amends_platform.verifying.claims import Claim
from amends_platform.verifying.faults import FAULTS_MAX, Fault, earlier
from amends_platform.verifying.ranges import RangeFound
from amends_platform.verifying.sealed import split_hashes
from amends_platform.verifying.standing import Notebook
from amends_platform.verifying.tower import FullRow
from amends_store.merkle import Span, root_of
from amends_store.statements import statement
from amends_store.tiles import TILE_HASHES

_TILES: Final = statement("tiles_of_level")


class Judge:
    """Takes the ranges one after the other; what it knows is the standing of the notebook."""

    def __init__(self, conn: asyncpg.Connection, notebook: Notebook, given: Iterable[Claim], newest: int) -> None:
        """`given`: checkpoints that were kept elsewhere. `newest`: the size of the newest one in the database."""
        self._conn = conn
        self._notebook = notebook
        self._given = sorted(given, key=_size)
        self._newest = newest
        self._standing = notebook.standing

    @property
    def has_enough(self) -> bool:
        """So much is wrong that reading on would tell nothing new."""
        return len(self._standing.faults) >= FAULTS_MAX

    def sizes_in(self, span: Span) -> list[int]:
        """The trees of given checkpoints that end in the range."""
        return [claim.tree_size for claim in self._given_in(span)]

    async def take(self, found: RangeFound) -> None:
        """The range that follows. Raises asyncpg's errors."""
        standing = self._standing
        standing.faults += found.faults
        standing.faults += self._notebook.follow(found.streams)
        if found.recorded_at is not None:
            first, last = found.recorded_at
            if standing.recorded_at is not None and first < standing.recorded_at:
                standing.faults.append(earlier(found.span.first + 1))
            standing.recorded_at = last
        for policy, position in found.policies.items():
            standing.policies.setdefault(policy, position)
        await self._raise_tower(found)
        standing.position, standing.last_hash = found.span.end, found.last_hash
        if found.span.end % TILE_HASHES == 0:
            # Else the tower lacks what the last row has so far.
            self._notebook.note()

    def _given_in(self, span: Span) -> list[Claim]:
        first, end = (bisect_right(self._given, size, key=_size) for size in (span.first, span.end))
        return self._given[first:end]

    async def _raise_tower(self, found: RangeFound) -> None:
        """Add the rows of leaves, and hold the tree against every checkpoint on the way."""
        tower = self._standing.tower
        claims = deque(sorted([*found.claims, *self._given_in(found.span)], key=_size))
        for number, row_root in enumerate([*found.row_roots, None]):
            size = found.span.first + number * TILE_HASHES
            while claims and claims[0].tree_size < size + TILE_HASHES:
                claim = claims.popleft()
                self._hold_against(claim, tower.root(found.rests.get(claim.tree_size)))
            if row_root is not None:
                for row in tower.add(row_root):
                    await self._compare(row)

    def _hold_against(self, claim: Claim, root: bytes) -> None:
        standing = self._standing
        standing.checkpoints += 1
        objection = claim.objection
        if objection is None and claim.root_hash == root:
            standing.vouched = claim.tree_size
            standing.doubts.clear()
            return
        standing.refuted += 1
        doubt = f"{claim.is_given} {objection}"
        if doubt in standing.doubts:
            # What one checkpoint tells of, all later ones do.
            return
        standing.doubts.append(doubt)
        first = min(standing.vouched + 1, claim.tree_size)
        known = [each.position for each in standing.faults if first <= each.position <= claim.tree_size]
        what = f"{claim.source} {objection or 'has another root than the log has now'}"
        standing.faults.append(Fault(min(known, default=first), what, claim.tree_size))

    async def _compare(self, row: FullRow) -> None:
        """A row above the leaves with what the database has for it."""
        events = TILE_HASHES**row.level
        first = row.number * TILE_HASHES * events + 1
        last = first + TILE_HASHES * events - 1
        name = f"row {row.number} of the tree's level {row.level}"
        kept = await self._conn.fetchrow(_TILES, row.level, row.number, row.number + 1)
        if kept is None:
            if last <= self._newest:
                self._standing.faults.append(Fault(first, f"{name} is missing", last))
            return
        pairs = enumerate(zip_longest(row.hashes, split_hashes(kept["hashes"])))
        other = next((number for number, (ours, theirs) in pairs if ours != theirs), None)
        if other is not None:
            begins = first + min(other, TILE_HASHES - 1) * events
            what = f"{name} has another hash for the events {begins} to {begins + events - 1}"
            self._standing.faults.append(Fault(begins, what, begins + events - 1))
        elif kept["root"] != root_of(row.hashes):
            self._standing.faults.append(Fault(first, f"{name} has another root than its hashes have", last))


def _size(claim: Claim) -> int:
    return claim.tree_size
