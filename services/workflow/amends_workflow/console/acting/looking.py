"""Whether a case has moved on since somebody looked at it: what its clocks did by themselves changes no decision."""

from __future__ import annotations

from typing import Final

from amends_domain.case import Case
from amends_domain.events import CaseEscalated, DeadlineBreached, ReminderIssued

_ALARMS: Final = (ReminderIssued.TYPE, DeadlineBreached.TYPE, CaseEscalated.TYPE)
_SYSTEM: Final = "system:"


def version_meant(case: Case, version: int | None) -> int | None:
    """The version that a form which was made at `version` is for: the case's own, where nothing but alarms came since.

    Who writes an apology while the reminder to apologise comes in need not send it twice.
    """
    if version is None or any(
        mark.type not in _ALARMS or not mark.actor.startswith(_SYSTEM) for mark in case.marks if mark.version > version
    ):
        return version
    return max(version, case.version)
