"""Whether a case has moved on since somebody looked at it: what its clocks did by themselves changes no decision."""

from __future__ import annotations

from typing import Final

from amends_domain.actors import is_system
from amends_domain.alerts import ALERTS
from amends_domain.case import Case
from amends_domain.events import CaseEscalated

# Whom a person's escalation tells is the next of the ladder, on which the clocks' own escalations climb, too.
_UP_THE_LADDER: Final = "escalate"


def version_meant(case: Case, version: int | None, command: str) -> int | None:
    """The version that a form of this command, made at `version`, is for: the case's own, where nothing but alarms came
    since.

    Who writes an apology while the reminder to apologise comes in need not send it twice.
    """
    alarms = [type_ for type_ in ALERTS if command != _UP_THE_LADDER or type_ != CaseEscalated.TYPE]
    if version is None or any(
        mark.type not in alarms or not is_system(mark.actor) for mark in case.marks if mark.version > version
    ):
        return version
    return max(version, case.version)
