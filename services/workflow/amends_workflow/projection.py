"""From events to the read model: fold what is new of each case, derive its deadlines and timers, write them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from uuid import UUID

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.events import DeadlineBreached, Recorded, ReminderIssued
from amends_domain.evolve import fold
from amends_platform.policies import PolicyBook
from amends_platform.recorded import all_recorded
from amends_store.read import Executor
from amends_store.records import StoredEvent
from amends_workflow.read_model import Projected, write
from amends_workflow.statements import statement

CHECKPOINT = "read-model"

_CACHED_MAX = 20_000
_EARLIER_EVENTS = statement("earlier_events")

Alert = ReminderIssued | DeadlineBreached


class Projection:
    """A follower's handler, for one follower: batches in the order of the log, each in a transaction.

    It remembers the cases it folded, and uses one only where the next event follows its version: after a batch whose
    transaction was rolled back, that one is read anew.
    `on_alert` is told of the reminders and breaches that a batch holds, before it commits.
    """

    def __init__(self, policies: PolicyBook, on_alert: Callable[[Alert], None] | None = None) -> None:
        self._policies = policies
        self._on_alert = on_alert
        self._cases: OrderedDict[UUID, Case] = OrderedDict()

    async def __call__(self, conn: Executor, events: list[StoredEvent]) -> None:
        """Project a batch. Raises UnknownEventType, BrokenStream, UnknownPolicy: what no retry will cure."""
        # Plans are made once, perhaps while the tables are nearly empty, and have to serve when they are not.
        await conn.execute("SET LOCAL enable_seqscan = off")
        streams: dict[UUID, list[StoredEvent]] = {}
        for event in events:
            streams.setdefault(event.stream_id, []).append(event)
        known = await self._before(conn, streams)
        folded: list[tuple[Case, StoredEvent]] = []
        for case_id, rows in streams.items():
            recorded = all_recorded(rows)
            case = fold(known.get(case_id), case_id, recorded)
            assert case is not None, "a stream in the batch has events in it"
            folded.append((case, rows[-1]))
            self._tell(recorded)
        deadlines = await self._policies.judge(lambda policies: [obligations(case, policies) for case, _ in folded])
        batch = [
            Projected(case, owed, last.tenant, last.correlation_id)
            for (case, last), owed in zip(folded, deadlines, strict=True)
        ]
        await write(conn, batch)
        self._remember(case for case, _ in folded)

    async def _before(self, conn: Executor, streams: dict[UUID, list[StoredEvent]]) -> dict[UUID, Case]:
        """Each case as it was before its first event here, from memory or from its stream; new ones are left out."""
        known: dict[UUID, Case] = {}
        missed: dict[UUID, int] = {}
        for case_id, rows in streams.items():
            first_version = rows[0].version
            case = self._cases.get(case_id)
            if case is not None and case.version == first_version - 1:
                known[case_id] = case
            elif first_version > 1:
                missed[case_id] = first_version
        if missed:
            earlier: dict[UUID, list[StoredEvent]] = {}
            for row in await conn.fetch(_EARLIER_EVENTS, list(missed), list(missed.values())):
                event = StoredEvent(*row)
                earlier.setdefault(event.stream_id, []).append(event)
            for case_id, rows in earlier.items():
                case = fold(None, case_id, all_recorded(rows))
                assert case is not None, "a stream that was found has events"
                known[case_id] = case
        return known

    def _remember(self, cases: Iterable[Case]) -> None:
        for case in cases:
            self._cases[case.id] = case
            self._cases.move_to_end(case.id)
        while len(self._cases) > _CACHED_MAX:
            self._cases.popitem(last=False)

    def _tell(self, recorded: list[Recorded]) -> None:
        if self._on_alert is None:
            return
        for one in recorded:
            if isinstance(one.event, ReminderIssued | DeadlineBreached):
                self._on_alert(one.event)
