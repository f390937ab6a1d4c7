"""How a run of a clock came to be due when it is, and how it went: by which part of its rule, by which events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from amends_domain.calendars import DueTime, after
from amends_domain.case import Case, Mark
from amends_domain.durations import Duration
from amends_domain.events import (
    ActionTaken,
    CallbackAgreed,
    CaseEscalated,
    DeadlineBreached,
    DeadlineExtended,
    DeadlineRetimed,
    ReminderIssued,
)
from amends_domain.runs import Deadline
from amends_store.records import StoredEvent


class Basis(NamedTuple):
    """Which part of the rule set the due time (its name in the policy, or "agreed", "promised" or "reply_by"); the
    duration, and how it was counted from `counted_from`."""

    by: str
    duration: Duration | None = None
    counted: DueTime | None = None
    counted_from: datetime | None = None


class Move(NamedTuple):
    """The run `before` became the run `now` by the event `mark`. `why`: see the shape Extension. `contact` is the one
    in which the customer was told the reason, where that was needed."""

    before: Deadline
    now: Deadline
    mark: Mark
    why: str
    contact: Mark | None


class Timing(NamedTuple):
    """A run of a clock by its events. `start` made it a run of its own, `beginning` is the event from which the clock
    itself runs. `called_for` is there where the case was found to have the clock only after that."""

    start: Mark
    beginning: Mark
    called_for: Mark | None
    basis: Basis
    moves: Sequence[Move]
    reminders: Sequence[Mark]
    breach: Mark | None
    escalations: Sequence[Mark]
    end: Mark | None


def timing_of(case: Case, deadlines: Sequence[Deadline], deadline: Deadline, rows: Sequence[StoredEvent]) -> Timing:
    """`case` is as it is known, and `rows` its events; `deadlines` are the runs that there were."""
    moved = _moves(case, deadlines, deadline, rows)
    first = moved[0].before if moved else deadline
    return Timing(
        start=_start_of(case, deadline),
        beginning=_start_of(case, first),
        called_for=case.marks[first.called_for_by - 1] if first.called_for_by != first.started_by else None,
        basis=_basis_of(case, deadline),
        moves=moved,
        reminders=list(_issued(case, deadline, ReminderIssued.TYPE)),
        breach=_breach(case, deadline) if deadline.breach_recorded else None,
        escalations=list(_issued(case, deadline, CaseEscalated.TYPE)),
        end=None if deadline.ended_by is None else case.marks[deadline.ended_by - 1],
    )


def _start_of(case: Case, deadline: Deadline) -> Mark:
    return case.marks[deadline.started_by - 1]


def _issued(case: Case, deadline: Deadline, event_type: str) -> Iterator[Mark]:
    """What the timers of this run had written, of one type."""
    for mark in case.marks:
        if mark.type == event_type and mark.note is not None:
            clock, generation, step = mark.note
            if (clock, generation) == (deadline.kind, deadline.generation) and step in deadline.issued:
                yield mark


def _breach(case: Case, deadline: Deadline) -> Mark:
    broken = DeadlineBreached.TYPE, (deadline.kind, deadline.generation)
    return next(mark for mark in case.marks if (mark.type, mark.note) == broken)


def _basis_of(case: Case, deadline: Deadline) -> Basis:
    """What the due time came from: of the rule's durations the first that leads to it."""
    start = _start_of(case, deadline)
    if deadline.rule.is_promised:
        return Basis("promised")
    if deadline.rule.is_agreed and start.type == CallbackAgreed.TYPE:
        return Basis("agreed")
    for by, duration, counted_from in _durations(deadline, start):
        counted = after(counted_from, duration, deadline.calendar)
        if counted.at == deadline.due_at:
            return Basis(by, duration, counted, counted_from)
    return Basis("reply_by")


def _moves(case: Case, deadlines: Sequence[Deadline], deadline: Deadline, rows: Sequence[StoredEvent]) -> list[Move]:
    """What moved the clock until it became this run, the first first."""
    found: list[Move] = []
    now: Deadline | None = deadline
    while now is not None:
        before = _replaced_by(now, deadlines)
        if before is not None:
            mark = _start_of(case, now)
            found.append(Move(before, now, mark, _why(case, now, mark), _contact(case, before, now, rows)))
        now = before
    return found[::-1]


def _contact(case: Case, before: Deadline, now: Deadline, rows: Sequence[StoredEvent]) -> Mark | None:
    """The contact by which an agreed time was put off; none is needed for an earlier one."""
    mark = _start_of(case, now)
    if mark.type != CallbackAgreed.TYPE or now.due_at <= before.due_at:
        return None
    cited = orjson.loads(rows[mark.version - 1].data).get("contact_position")
    # Where none is cited, it is the event just before: both were one command.
    return next((each for each in case.marks if each.position == cited), case.marks[mark.version - 2])


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
    if _basis_of(case, run).by == "urgent":
        return "urgent"
    if mark.type == ActionTaken.TYPE:
        return f"action:{mark.note[0]}"
    terms = run.rule.extend if isinstance(run.rule.extend, tuple) else ()
    return f"flag:{terms[run.term - 1].flag}" if 0 < run.term <= len(terms) else mark.type
