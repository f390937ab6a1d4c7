"""From events to the read model: fold what is new of each case, derive its deadlines and timers, write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from uuid import UUID

from amends_domain.clocks import obligations
from amends_domain.events import CaseEscalated, DeadlineBreached, Recorded, ReminderIssued
from amends_domain.evolve import fold
from amends_domain.policy import Policy
from amends_platform.policy.book import PolicyBook
from amends_platform.recorded import all_recorded
from amends_store.read import Executor
from amends_store.records import StoredEvent
from amends_workflow.known_cases import Known, KnownCases
from amends_workflow.links import link
from amends_workflow.read_model import Projected, Row, case_row, write_cases, write_clocks

CHECKPOINT = "read-model"

Alert = ReminderIssued | DeadlineBreached | CaseEscalated


class Projection:
    """A follower's handler, for one follower: batches in the order of the log, each in a transaction.

    `on_alert` is told of the reminders, breaches and escalations that a batch holds, before it commits.
    """

    def __init__(self, policies: PolicyBook, on_alert: Callable[[Alert], None] | None = None) -> None:
        self._policies = policies
        self._on_alert = on_alert
        self._cases = KnownCases()

    async def __call__(self, conn: Executor, events: list[StoredEvent]) -> None:
        """Project a batch. Raises UnknownEventType, BrokenStream, UnknownPolicy: what no retry will cure."""
        # Plans are made once, perhaps while the tables are nearly empty, and have to serve when they are not.
        await conn.execute("SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan")
        streams: dict[UUID, list[StoredEvent]] = {}
        for event in events:
            streams.setdefault(event.stream_id, []).append(event)
        known = await self._cases.at(conn, {case_id: rows[0].version - 1 for case_id, rows in streams.items()})
        folded: list[Known] = []
        for case_id, rows in streams.items():
            recorded = all_recorded(rows)
            before = known.get(case_id)
            case = fold(None if before is None else before.case, case_id, recorded)
            assert case is not None, "a stream in the batch has events in it"
            folded.append(Known(case, rows[-1].tenant, rows[-1].correlation_id))
            self._tell(recorded)
        new = streams.keys() - known.keys()
        batch, rows_of_cases = await self._policies.judge(lambda policies: _projected(folded, new, policies))
        linked = await link(conn, rows_of_cases, await write_cases(conn, rows_of_cases), self._policies)
        if linked.changed:
            others = (await self._cases.at(conn, linked.changed)).values()
            batch += await self._policies.judge(lambda policies: [_judged(each, policies) for each in others])
        await write_clocks(conn, batch, linked)
        self._cases.remember(folded)

    def _tell(self, recorded: list[Recorded]) -> None:
        if self._on_alert is None:
            return
        for one in recorded:
            if isinstance(one.event, Alert):
                self._on_alert(one.event)


def _projected(
    folded: Iterable[Known], new: Set[UUID], policies: Mapping[str, Policy]
) -> tuple[list[Projected], list[Row]]:
    """What follows from each case, and its row. Raises UnknownPolicy."""
    batch = [_judged(known, policies)._replace(is_new=known.case.id in new) for known in folded]
    return batch, [case_row(projected, policies) for projected in batch]


def _judged(known: Known, policies: Mapping[str, Policy]) -> Projected:
    return Projected(known.case, obligations(known.case, policies), known.tenant, known.correlation_id)
