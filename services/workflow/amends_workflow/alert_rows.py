"""Alerts as rows of the read model: what each tells, and who has acknowledged it."""

from __future__ import annotations

from amends_domain.alerts import ALERTS
from amends_domain.case import Case
from amends_domain.events import AlertAcknowledged, CaseEscalated, DeadlineBreached, Recorded, ReminderIssued
from amends_domain.reference import reference_of
from amends_store.read import Executor
from amends_workflow.read_model import Row, as_json
from amends_workflow.statements import statement

_WRITE_ALERTS = statement("write_alerts")
_WRITE_ACKNOWLEDGEMENTS = statement("write_acknowledgements")
_FILL_ALERTS = statement("fill_alerts")

Alert = ReminderIssued | DeadlineBreached | CaseEscalated


class AlertRows:
    """The alerts and the acknowledgements of one batch."""

    def __init__(self) -> None:
        self._alerts: list[Row] = []
        self._acknowledgements: list[Row] = []

    def take(self, recorded: Recorded, case: Case, tenant: str) -> None:
        """Take in an event, which led to this state of its case, if it is one of them."""
        event = recorded.event
        if isinstance(event, Alert):
            self._alerts.append(
                {
                    "position": recorded.position,
                    "case_id": case.id,
                    "tenant": tenant,
                    "reference": reference_of(case.first_position),
                    "branch": case.branch,
                    "kind": ALERTS[event.TYPE],
                    "clock": event.clock,
                    "role": event.to if isinstance(event, CaseEscalated) else None,
                    "owed_by": None if isinstance(event, CaseEscalated) else event.owed_by,
                    "due_at": event.due_at,
                    "owner": case.owner,
                    "recorded_at": recorded.recorded_at,
                }
            )
        elif isinstance(event, AlertAcknowledged):
            self._acknowledgements.append(
                {
                    "position": event.position,
                    "acknowledged_by": recorded.actor,
                    "acknowledged_at": recorded.recorded_at,
                    "acknowledged_position": recorded.position,
                }
            )

    async def write(self, conn: Executor) -> None:
        """Write them in `conn`'s transaction."""
        if self._alerts:
            await conn.execute(_WRITE_ALERTS, as_json(self._alerts))
        if self._acknowledgements:
            # Perhaps of alerts that this very batch has brought.
            await conn.execute(_WRITE_ACKNOWLEDGEMENTS, as_json(self._acknowledgements))


async def fill_alerts(conn: Executor, up_to: int) -> None:
    """Write the alerts that a release which knows none has projected, up to a position."""
    await conn.execute(_FILL_ALERTS, up_to)
