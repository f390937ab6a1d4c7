"""What is due on a complaint that was just received, told from its event alone.

It is what `clocks.obligations` finds on a case of that one event, without making the case and reading it: most
commands receive a complaint, and every one of them is answered with what is due. A test compares the two.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from amends_domain.case import COMPLAINT
from amends_domain.events import ComplaintReceived
from amends_domain.evolve import facts_of
from amends_domain.policy import Policy
from amends_domain.runs import first_due


class FirstDeadline(NamedTuple):
    """A clock that has begun to run, and when it is due, in UTC."""

    kind: str
    due_at: datetime


def first_deadlines(event: ComplaintReceived, occurred_at: datetime, policy: Policy) -> list[FirstDeadline]:
    """The clocks that the complaint starts, in the order in which they start."""
    if event.historical:
        return []
    facts = facts_of(event)
    started: list[FirstDeadline] = []
    for rule in policy.clocks_from.get(ComplaintReceived.TYPE, ()):
        if not rule.when.matches(facts) or not (event.kind == COMPLAINT or rule.when.asks_for_kind):
            continue
        due = first_due(rule, rule.calendar or policy.calendar, occurred_at, event.flags, event.reply_by)
        if due is not None:
            started.append(FirstDeadline(rule.name, due.at))
    return started
