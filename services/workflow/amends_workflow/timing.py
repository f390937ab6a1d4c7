"""How a run of a clock came to be due when it is: by which part of its rule, and what moved it before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from amends_domain.calendars import DueTime, after
from amends_domain.case import Case, Mark
from amends_domain.durations import Duration
from amends_domain.events import ActionTaken, CallbackAgreed, DeadlineExtended, DeadlineRetimed
from amends_domain.runs import Deadline


class Basis(NamedTuple):
    """Which part of the rule set the due time (its name in the policy, or "agreed", "promised" or "reply_by"); the
    duration, and how it was counted from `counted_from`."""

    by: str
    duration: Duration | None = None
    counted: DueTime | None = None
    counted_from: datetime | None = None


class Move(NamedTuple):
    """The run `before` became the run `now` by the event `mark`. `why`: see the shape Extension."""

    before: Deadline
    now: Deadline
    mark: Mark
    why: str


def start_of(case: Case, deadline: Deadline) -> Mark:
    """The event that started the run."""
    return case.marks[deadline.started_by - 1]


def end_of(case: Case, deadline: Deadline) -> Mark | None:
    """The event that stopped, replaced or cancelled the run."""
    return None if deadline.ended_by is None else case.marks[deadline.ended_by - 1]


def basis_of(case: Case, deadline: Deadline) -> Basis:
    """What the due time came from: of the rule's durations the first that leads to it."""
    start = start_of(case, deadline)
    if deadline.rule.is_promised:
        return Basis("promised")
    if deadline.rule.is_agreed and start.type == CallbackAgreed.TYPE:
        return Basis("agreed")
    for by, duration, counted_from in _durations(deadline, start):
        counted = after(counted_from, duration, deadline.calendar)
        if counted.at == deadline.due_at:
            return Basis(by, duration, counted, counted_from)
    return Basis("reply_by")


def moves(case: Case, deadlines: Sequence[Deadline], deadline: Deadline) -> list[Move]:
    """What moved the clock until it became this run, the first first."""
    found: list[Move] = []
    now: Deadline | None = deadline
    while now is not None:
        before = _replaced_by(now, deadlines)
        if before is not None:
            mark = start_of(case, now)
            found.append(Move(before, now, mark, _why(case, now, mark)))
        now = before
    return found[::-1]


def _replaced_by(run: Deadline, deadlines: Sequence[Deadline]) -> Deadline | None:
    for other in reversed(deadlines):
        # Whatever moves a clock leaves it the time from which it runs.
        same = (other.kind, other.number, other.origin) == (run.kind, run.number, run.origin)
        if same and other.generation < run.generation and other.ended_by == run.started_by:
            return other
    return None


def _durations(deadline: Deadline, start: Mark) -> Iterator[tuple[str, Duration, datetime]]:
    rule, origin = deadline.rule, deadline.origin
    if rule.urgent is not None and "urgent" in (start.facts["flag"] or ()):
        yield "urgent", rule.urgent, origin
        # A case that becomes urgent while the clock runs has the urgent time from then on.
        yield "urgent", rule.urgent, start.occurred_at
    if isinstance(rule.extend, tuple) and 0 < deadline.term <= len(rule.extend):
        yield "extend", rule.extend[deadline.term - 1].to, origin
    if isinstance(rule.due, Duration):
        yield "due", rule.due, origin
    if rule.at_most is not None:
        yield "at_most", rule.at_most, origin
    for longer in rule.extend if isinstance(rule.extend, tuple) else ():
        yield "extend", longer.to, origin


def _why(case: Case, run: Deadline, mark: Mark) -> str:
    match mark.type:
        case CallbackAgreed.TYPE:
            return "agreed"
        case DeadlineExtended.TYPE:
            return "approved"
        case DeadlineRetimed.TYPE:
            return "retimed"
    if basis_of(case, run).by == "urgent":
        return "urgent"
    if mark.type == ActionTaken.TYPE:
        return f"action:{mark.note[0]}"
    terms = run.rule.extend if isinstance(run.rule.extend, tuple) else ()
    return f"flag:{terms[run.term - 1].flag}" if 0 < run.term <= len(terms) else mark.type
