"""Who looks at alerts: most are acknowledged within some hours of work, a few never."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from amends_domain.case import Case
from amends_domain.commands import Acknowledge
from amends_domain.decide import Actor
from amends_domain.events import CaseEscalated, DeadlineBreached, Event
from amends_platform.simulation import bank
from amends_platform.simulation.telling import Scene, Step

_SEEN_SHARE: Final = 0.96
# Whoever is told is somebody of this role.
_ROLES: Final = {
    "service_admin": bank.SUPERVISOR,
    "head_of_unit": bank.HEAD,
    "department_manager": bank.HEAD,
    "department_head": bank.HEAD,
}


def attend(scene: Scene, case: Case, alert: Event, position: int, at: datetime) -> Step | None:
    """Somebody acknowledges the alert at this position of the log, which has just come; None: nobody does."""
    if scene.chance.random() >= _SEEN_SHARE:
        return None
    seen_at = scene.hours.working(at, scene.chance.uniform(0.1, 6))
    return Step(seen_at, case.id, _whoever(scene, case, alert), Acknowledge(position))


def _whoever(scene: Scene, case: Case, alert: Event) -> Actor:
    role = bank.HANDLER
    match alert:
        case CaseEscalated():
            role = _ROLES.get(alert.to, bank.EXECUTIVE)
        case DeadlineBreached():
            role = bank.SUPERVISOR
    # An incident is of all branches: whoever heads them all looks at it.
    branches = scene.town.branches
    at_branch = next((each for each in branches if each.name == case.branch), branches[0])
    return bank.staff(scene.chance, at_branch, bank.HEAD if case.branch != at_branch.name else role)
