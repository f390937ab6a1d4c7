"""The log folded into cases, batch by batch. Cases that are open are kept whole; closed ones shrink to a number."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple
from uuid import UUID

from amends_domain.case import Case
from amends_domain.events import Recorded, UnknownEventType
from amends_domain.evolve import evolve, fold
from amends_platform.policies import PolicyBook
from amends_platform.recorded import all_recorded, recorded
from amends_platform.replaying.differences import Difference, difference
from amends_platform.replaying.expected import expected_rows
from amends_platform.replaying.fired import FIRED, uncalled_for
from amends_store.read import Executor, UpToVersion, read_stream
from amends_store.records import StoredEvent

# A closed case may yet be reviewed or reopened, most of them soon.
_CLOSED_WHOLE_MAX: Final = 20_000


class Folded:
    """A case as the log makes it, and the reminders and breaches it had."""

    __slots__ = ("case", "fired", "tenant")

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.case: Case | None = None
        self.fired: list[Recorded] = []


class Shrunk(NamedTuple):
    """A closed case: enough to see whether its rows are right. Its stream tells the rest."""

    version: int
    state: str
    digest: int


class Fold:
    """Feed it the log with `take`; look at `whole` and `shrunk` when all is in.

    `seconds` is what reading and folding took, as far as whoever feeds it adds it up.
    """

    def __init__(self, conn: Executor, policies: PolicyBook) -> None:
        self._conn = conn
        self._policies = policies
        self._closed: OrderedDict[UUID, None] = OrderedDict()
        self._broken: set[UUID] = set()
        self.whole: dict[UUID, Folded] = {}
        self.shrunk: dict[UUID, Shrunk] = {}
        self.differences: set[Difference] = set()
        self.position = 0
        self.seconds = 0.0

    @property
    def cases(self) -> int:
        return len(self.whole) + len(self.shrunk)

    async def take(self, rows: list[StoredEvent]) -> None:
        """Fold the next rows of the log. What breaks a case becomes a difference; the others go on."""
        if self.shrunk:
            await self._grow(rows)
        self._fold(rows)
        self.position = rows[-1].position
        await self._shrink()

    async def settle(self) -> None:
        """When all is in: judge the reminders and breaches of the cases that are whole."""
        for case_id, folded in self.whole.items():
            if folded.fired:
                await self._judge_fired(case_id, folded)

    def is_broken(self, case_id: UUID) -> bool:
        """Whether the log itself makes no case of this stream."""
        return case_id in self._broken

    async def regrown(self, case_id: UUID) -> Folded:
        """A shrunk case whole again, from its stream; it stays shrunk here."""
        return await self._from_stream(case_id, self.shrunk[case_id].version)

    def _fold(self, rows: list[StoredEvent]) -> None:
        """The inner loop of every replay: about 15 µs an event, most of it in `decode` and `evolve`."""
        whole, closed = self.whole, self._closed
        for row in rows:
            case_id = row.stream_id
            folded = whole.get(case_id)
            if folded is None:
                if case_id in self._broken:
                    continue
                folded = whole[case_id] = Folded(row.tenant)
            before = folded.case
            try:
                event = recorded(row)
                after = evolve(before, case_id, event)
            except Exception as error:
                # Whatever it is, the log does not make a case of this stream; that must be told, not stop the rest.
                self._break(case_id, before, row, error)
                continue
            folded.case = after
            if row.type in FIRED:
                folded.fired.append(event)
            if not after.is_open:
                closed[case_id] = None
            elif before is not None and not before.is_open:
                closed.pop(case_id, None)

    def _break(self, case_id: UUID, case: Case | None, row: StoredEvent, error: Exception) -> None:
        what = f"unknown event type {error}" if isinstance(error, UnknownEventType) else str(error) or repr(error)
        first_position = None if case is None else case.first_position
        self.differences.add(difference(case_id, first_position, row.position, f"it cannot be replayed: {what}"))
        self._broken.add(case_id)
        self._closed.pop(case_id, None)
        del self.whole[case_id]

    async def _shrink(self) -> None:
        while len(self._closed) > _CLOSED_WHOLE_MAX:
            case_id, _ = self._closed.popitem(last=False)
            folded = self.whole[case_id]
            await self._judge_fired(case_id, folded)
            case = folded.case
            assert case is not None, "a case in memory has its first event"
            tenant = folded.tenant
            rows = await self._policies.judge(lambda policies, c=case, t=tenant: expected_rows(c, t, policies))  # type: ignore[misc]
            self.shrunk[case_id] = Shrunk(case.version, case.status.value, rows.digest())
            del self.whole[case_id]

    async def _grow(self, rows: list[StoredEvent]) -> None:
        for case_id in {row.stream_id for row in rows} & self.shrunk.keys():
            self.whole[case_id] = await self._from_stream(case_id, self.shrunk.pop(case_id).version)
            self._closed[case_id] = None

    async def _from_stream(self, case_id: UUID, version: int) -> Folded:
        rows = await read_stream(self._conn, case_id, up_to=UpToVersion(version))
        folded = Folded(rows[0].tenant)
        events = all_recorded(rows)
        folded.case = fold(None, case_id, events)
        folded.fired = [event for event in events if event.event.TYPE in FIRED]
        return folded

    async def _judge_fired(self, case_id: UUID, folded: Folded) -> None:
        case, fired = folded.case, folded.fired
        assert case is not None, "a case in memory has its first event"
        for event, reason in await self._policies.judge(lambda policies: list(uncalled_for(case, fired, policies))):
            self.differences.add(difference(case_id, case.first_position, event.position, reason))


@contextmanager
def without_collecting() -> Iterator[None]:
    """No garbage collection meanwhile: a fold makes millions of values that hold no cycle, and looking through them
    again and again costs more than making them (20,000 events/s with it, 48,000 without).
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
