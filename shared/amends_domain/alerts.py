"""Alerts: the events of a case that call for somebody, and which of them nobody has acknowledged yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from amends_domain.case import Acknowledgement, Case, Mark
from amends_domain.events import CaseEscalated, DeadlineBreached, ReminderIssued

ALERTS: Final[Mapping[str, str]] = {
    ReminderIssued.TYPE: "reminder",
    DeadlineBreached.TYPE: "breach",
    CaseEscalated.TYPE: "escalation",
}
"""The kind of alert that an event of this type is. No other type is one."""


def alert_at(case: Case, position: int) -> Mark | None:
    """The alert of the case at that position of the log; None when there is none."""
    return next((mark for mark in case.marks if mark.position == position and mark.type in ALERTS), None)


def acknowledgement_of(case: Case, position: int) -> Acknowledgement | None:
    """Who acknowledged the alert at that position, and when; None while nobody has."""
    return next((each for each in case.acknowledged if each.position == position), None)


def has_open_alert(case: Case) -> bool:
    """Whether there is an alert that nobody has acknowledged."""
    acknowledged = {each.position for each in case.acknowledged}
    return any(mark.type in ALERTS and mark.position not in acknowledged for mark in case.marks)
