"""Acknowledging: somebody of the desk has seen an alert. It stops no clock and changes no verdict."""

from __future__ import annotations

from amends_domain.alerts import ALERTS, acknowledgement_of, alert_at
from amends_domain.case import Case
from amends_domain.commands import Acknowledge
from amends_domain.decisions.ruling import Context, Decision, Rejection
from amends_domain.events import AlertAcknowledged


def acknowledge(case: Case, command: Acknowledge, _context: Context) -> Decision:
    alert = alert_at(case, command.position)
    if alert is None:
        return Rejection(
            "no-such-alert", f"Position {command.position} is no reminder, breach or escalation of this case."
        )
    given = acknowledgement_of(case, command.position)
    if given is not None:
        return Rejection(
            "already-acknowledged",
            f"{given.acknowledged_by} acknowledged this {ALERTS[alert.type]} at {given.acknowledged_at.isoformat()}.",
        )
    clock = None if alert.note is None else alert.note[0]
    return (AlertAcknowledged(alert.version, alert.position, ALERTS[alert.type], clock),)
