"""What the log still owes because of a case's deadlines: reminders, breaches, steps of the ladder, and what follows
of itself from a broken promise. Each becomes one event, at its time, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from amends_domain.case import COMPLAINT, INQUIRY, Case
from amends_domain.events import CaseEscalated, DeadlineBreached, Event, PromiseMade, Reclassified, ReminderIssued
from amends_domain.runs import Deadline, Verdict


class Firing(NamedTuple):
    """An event that is still to come, at `at`, but for its `late_by_ms`, which is known only when it is written.

    `step` numbers the firings of one deadline: its warnings first, then the breach, then the steps of the ladder.
    """

    deadline: Deadline
    step: int
    at: datetime
    event: Event


def firings(case: Case, deadlines: tuple[Deadline, ...]) -> tuple[Firing, ...]:
    """What the log still owes, soonest first.

    A deadline that was met, replaced or cancelled owes nothing. One that ended too late owes its breach only: a
    reminder for something already done helps nobody, nor does escalating it.
    """
    owed = [firing for deadline in deadlines for firing in _owed(case, deadline)]
    return tuple(sorted(owed, key=lambda firing: (firing.at, firing.step)))


def warnings(deadline: Deadline) -> Iterator[tuple[int, str, datetime]]:
    """(step, label, instant) of each warning. Those that fall outside the run of the clock do not exist."""
    for step, rule in enumerate(deadline.rule.warnings):
        at = rule.at(deadline.started_at, deadline.due_at, deadline.calendar)
        if deadline.started_at < at < deadline.due_at:
            yield step, rule.label, at


def ladder(deadline: Deadline, grade: str) -> Iterator[tuple[int, str, datetime]]:
    """(step, role, instant) of each step of the ladder that a case of this grade climbs while the clock is not met."""
    for number, rule in enumerate(deadline.rule.ladder, breach_step(deadline) + 1):
        if not rule.grades or grade in rule.grades:
            at = rule.at(deadline.due_at, deadline.calendar)
            if at > deadline.started_at:
                yield number, rule.to, at


def breach_step(deadline: Deadline) -> int:
    return len(deadline.rule.warnings)


def _owed(case: Case, deadline: Deadline) -> Iterator[Firing]:
    if deadline.status is Verdict.PENDING:
        yield from _reminders(deadline)
        yield from _escalations(case, deadline)
        yield _breach(deadline)
    elif deadline.status is Verdict.BREACHED and not deadline.breach_recorded:
        yield _breach(deadline)
    elif deadline.status is Verdict.BREACHED:
        if deadline.ended_at is None:
            yield from _escalations(case, deadline)
        yield from _consequences(case, deadline)


def _reminders(deadline: Deadline) -> Iterator[Firing]:
    for step, label, at in warnings(deadline):
        if step not in deadline.issued:
            event = ReminderIssued(
                deadline.kind, deadline.generation, step, label, deadline.due_at, at, owed_by=_owed_by(deadline)
            )
            yield Firing(deadline, step, at, event)


def _breach(deadline: Deadline) -> Firing:
    event = DeadlineBreached(deadline.kind, deadline.generation, deadline.due_at, owed_by=_owed_by(deadline))
    return Firing(deadline, breach_step(deadline), deadline.due_at, event)


def _escalations(case: Case, deadline: Deadline) -> Iterator[Firing]:
    """The steps before the due time while the clock runs, and those after it once the breach is a fact."""
    for step, role, at in ladder(deadline, case.grade):
        if step not in deadline.issued and (deadline.breach_recorded or at < deadline.due_at):
            event = CaseEscalated(
                role,
                "deadline",
                deadline.kind,
                deadline.generation,
                step,
                deadline.due_at,
                fell_due_at=at,
            )
            yield Firing(deadline, step, at, event)


def _consequences(case: Case, deadline: Deadline) -> Iterator[Firing]:
    """A broken promise on an inquiry turns it into a complaint. Source: DOMAIN, clocks: promise.

    It does when it is kept too late as well: whether a timer was quick decides nothing.
    """
    is_current = case.is_open and deadline.cycle == case.cycle
    if case.kind == INQUIRY and is_current and deadline.rule.from_event == PromiseMade.TYPE:
        step = breach_step(deadline) + len(deadline.rule.ladder) + 1
        event = Reclassified(COMPLAINT, INQUIRY, broken_promise=deadline.number)
        yield Firing(deadline, step, deadline.due_at, event)


def _owed_by(deadline: Deadline) -> str | None:
    return deadline.rule.owed_by if deadline.is_customers else None
