"""What a case still owes: whatever runs, and what has run out on an open case while nobody did what it waits for.

A breach is a fact and stays one; that it happened settles nothing. The queue is in this order, so that what is late
comes before what will be.
"""

from __future__ import annotations

from collections.abc import Iterable

from amends_domain.case import Case
from amends_domain.runs import Deadline, Verdict


def still_owed(case: Case, deadlines: Iterable[Deadline]) -> list[Deadline]:
    """Those of the case's deadlines that are still to be met, the first due first. The customer's own time that has
    lapsed is over."""
    owed = [
        deadline
        for deadline in deadlines
        if deadline.status is Verdict.PENDING or (case.is_open and _is_overdue(case, deadline))
    ]
    return sorted(owed, key=lambda deadline: (deadline.due_at, deadline.kind))


def _is_overdue(case: Case, deadline: Deadline) -> bool:
    return (
        deadline.status is Verdict.BREACHED
        and deadline.ended_at is None
        and deadline.cycle == case.cycle
        and not deadline.is_customers
    )
