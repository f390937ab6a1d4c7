"""Cases at hand: loaded from their streams, folded, and kept while they are in use."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

import asyncpg

from amends_domain.case import Case
from amends_domain.evolve import fold
from amends_domain.reference import BadReference, position_of
from amends_platform.recorded import all_recorded
from amends_store.read import UpTo, read_stream, stream_of_position
from amends_store.records import StoredEvent

_CACHED_MAX = 20_000


class Cases:
    """Loads cases and remembers the latest version seen of each. What it remembers may be behind the log.

    For one event loop. Others may append to a case at any time: a decision made on a remembered case is checked
    by the store through its expected version.
    """

    def __init__(self, pool: asyncpg.Pool, tenant: str) -> None:
        self._pool = pool
        self._tenant = tenant
        self._cases: OrderedDict[UUID, Case] = OrderedDict()

    def remembered(self, case_id: UUID) -> Case | None:
        """The case as last seen, without asking the store."""
        case = self._cases.get(case_id)
        if case is not None:
            self._cases.move_to_end(case_id)
        return case

    def remember(self, case: Case) -> None:
        """Keep the case unless a newer version is known."""
        known = self._cases.get(case.id)
        if known is None or known.version < case.version:
            self._cases[case.id] = case
            self._cases.move_to_end(case.id)
            if len(self._cases) > _CACHED_MAX:
                self._cases.popitem(last=False)

    def forget(self) -> None:
        """Remember none any more: what was seen may not be in the log."""
        self._cases.clear()

    async def load(self, case_id: UUID) -> Case | None:
        """The case as the log has it now; None when there is none in this tenant."""
        known = self._cases.get(case_id)
        rows = await read_stream(self._pool, case_id, after_version=known.version if known is not None else 0)
        if known is None and rows and rows[0].tenant != self._tenant:
            return None
        case = fold(known, case_id, all_recorded(rows))
        if case is not None:
            self.remember(case)
        return case

    async def history(self, case_id: UUID, *, up_to: UpTo | None = None) -> list[StoredEvent]:
        """The case's events, in their order; none when there is no such case in this tenant."""
        rows = await read_stream(self._pool, case_id, up_to=up_to)
        return rows if rows and rows[0].tenant == self._tenant else []

    async def id_of(self, name: str) -> UUID | None:
        """The id behind what stands in a URL: an id, or a reference. None when it names no case."""
        if len(name) in (32, 36):
            try:
                return UUID(name)
            except ValueError:
                return None
        try:
            position = position_of(name)
        except BadReference:
            return None
        case_id = await stream_of_position(self._pool, position)
        if case_id is None:
            return None
        case = self.remembered(case_id) or await self.load(case_id)
        # Later events of a case have positions too, but only its first makes the reference.
        return case_id if case is not None and case.first_position == position else None
