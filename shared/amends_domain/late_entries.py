"""Entries made late: what a person recorded long after it happened. Source: DOMAIN, Corrections.

They are counted and shown, because teams under targets are tempted to enter cases only when they look good.
"""

from __future__ import annotations

from collections.abc import Mapping

from amends_domain.actors import is_system
from amends_domain.calendars import after
from amends_domain.case import Case, Mark
from amends_domain.clocks import UnknownPolicy
from amends_domain.policy import Policy


def late_entries(case: Case, policies: Mapping[str, Policy]) -> tuple[Mark, ...]:
    """The events of the case that were entered later than the policy of then allows. Raises UnknownPolicy.

    A case from the past that is recorded as history is nobody's late entry.
    """
    return tuple(mark for mark in case.marks if _is_late(mark, case, policies))


def _is_late(mark: Mark, case: Case, policies: Mapping[str, Policy]) -> bool:
    # What the system writes itself is late for other reasons, and says by how much.
    if mark.policy is None or mark.recorded_at <= mark.occurred_at or is_system(mark.actor):
        return False
    if case.historical and mark.cycle == 1:
        return False
    policy = policies.get(mark.policy)
    if policy is None:
        raise UnknownPolicy(mark.policy)
    return mark.recorded_at > after(mark.occurred_at, policy.late_entry, policy.calendar).at
