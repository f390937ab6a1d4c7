"""Cases at the versions that are asked for: remembered from when they were folded, else folded from their streams."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from amends_domain.case import Case
from amends_domain.evolve import fold
from amends_platform.recorded import all_recorded
from amends_store.read import Executor, read_streams

_CACHED_MAX = 20_000


class Known(NamedTuple):
    """A case as it was folded, whose it is, and the correlation of its last event."""

    case: Case
    tenant: str
    correlation_id: UUID


class KnownCases:
    """The cases that one reader of the log folded, by their ids. One is used only at the version that it has: after a
    batch whose transaction was rolled back, it is read anew."""

    def __init__(self, cached_max: int = _CACHED_MAX) -> None:
        self._cached_max = cached_max
        self._cases: OrderedDict[UUID, Known] = OrderedDict()

    async def at(self, conn: Executor, versions: Mapping[UUID, int]) -> dict[UUID, Known]:
        """Each case as it was at that version, from memory or from its stream; left out where that is 0."""
        known: dict[UUID, Known] = {}
        missed: dict[UUID, int] = {}
        for case_id, version in versions.items():
            remembered = self._cases.get(case_id)
            if remembered is not None and remembered.case.version == version:
                known[case_id] = remembered
            elif version > 0:
                missed[case_id] = version
        if missed:
            for case_id, rows in (await read_streams(conn, missed)).items():
                case = fold(None, case_id, all_recorded(rows))
                assert case is not None, "a stream that was found has events"
                known[case_id] = Known(case, rows[-1].tenant, rows[-1].correlation_id)
        return known

    def remember(self, folded: Iterable[Known]) -> None:
        for known in folded:
            self._cases[known.case.id] = known
            self._cases.move_to_end(known.case.id)
        while len(self._cases) > self._cached_max:
            self._cases.popitem(last=False)
