"""From events to the read model: fold what is new of each case, derive its deadlines and timers, write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from uuid import UUID

from amends_domain.clocks import obligations
from amends_domain.events import Event
from amends_domain.evolve import evolve
from amends_domain.policy import Policy
from amends_platform.policy.book import PolicyBook
from amends_platform.recorded import all_recorded
from amends_store.read import Executor
from amends_store.records import StoredEvent
from amends_workflow.alert_rows import Alert, AlertRows, fill_alerts
from amends_workflow.known_cases import Known, KnownCases
from amends_workflow.links import link
from amends_workflow.read_model import Projected, Row, case_row, write_cases, write_clocks

CHECKPOINT = "read-model"


class Projection:
    """A follower's handler, for one follower: batches in the order of the log, each in a transaction.

    `on_alert` is told of the reminders, breaches and escalations that a batch holds, before it commits.
    """

    def __init__(self, policies: PolicyBook, on_alert: Callable[[Alert], None] | None = None) -> None:
        self._policies = policies
        self._on_alert = on_alert
        self._cases = KnownCases()
        self._filled_before: int | None = None

    async def __call__(self, conn: Executor, events: list[StoredEvent]) -> None:
        """Project a batch. Raises UnknownEventType, BrokenStream, UnknownPolicy: what no retry will cure."""
        # Plans are made once, perhaps while the tables are nearly empty, and have to serve when they are not.
        await conn.execute("SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan")
        streams: dict[UUID, list[StoredEvent]] = {}
        for event in events:
            streams.setdefault(event.stream_id, []).append(event)
        known = await self._cases.at(conn, {case_id: rows[0].version - 1 for case_id, rows in streams.items()})
        folded: list[Known] = []
        alerts = AlertRows()
        for case_id, rows in streams.items():
            before = known.get(case_id)
            case = None if before is None else before.case
            for recorded in all_recorded(rows):
                case = evolve(case, case_id, recorded)
                alerts.take(recorded, case, rows[0].tenant)
                self._tell(recorded.event)
            assert case is not None, "a stream in the batch has events in it"
            folded.append(Known(case, rows[-1].tenant, rows[-1].correlation_id))
        new = streams.keys() - known.keys()
        batch, rows_of_cases = await self._policies.judge(lambda policies: _projected(folded, new, policies))
        linked = await link(conn, rows_of_cases, await write_cases(conn, rows_of_cases), self._policies)
        if linked.changed:
            others = (await self._cases.at(conn, linked.changed)).values()
            batch += await self._policies.judge(lambda policies: [_judged(each, policies) for each in others])
        await write_clocks(conn, batch, linked)
        if self._filled_before is None or events[0].position <= self._filled_before:
            # Whoever led before may have been of a release that knows no alerts. Again after a batch that was rolled
            # back, which took this along.
            await fill_alerts(conn, events[0].position - 1)
            self._filled_before = events[0].position
        await alerts.write(conn)
        self._cases.remember(folded)

    def _tell(self, event: Event) -> None:
        if self._on_alert is not None and isinstance(event, Alert):
            self._on_alert(event)


def _projected(
    folded: Iterable[Known], new: Set[UUID], policies: Mapping[str, Policy]
) -> tuple[list[Projected], list[Row]]:
    """What follows from each case, and its row. Raises UnknownPolicy."""
    batch = [_judged(known, policies)._replace(is_new=known.case.id in new) for known in folded]
    return batch, [case_row(projected, policies) for projected in batch]


def _judged(known: Known, policies: Mapping[str, Policy]) -> Projected:
    return Projected(known.case, obligations(known.case, policies), known.tenant, known.correlation_id)
