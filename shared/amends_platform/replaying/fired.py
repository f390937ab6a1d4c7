"""Whether what clocks wrote in the log is what the policies in force then called for, at that time, once: reminders,
breaches, steps of the ladder, and inquiries that a broken promise made complaints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from amends_domain.case import Case, Mark
from amends_domain.clocks import obligations
from amends_domain.events import (
    CaseEscalated,
    DeadlineBreached,
    Event,
    PromiseMade,
    Reclassified,
    Recorded,
    ReminderIssued,
)
from amends_domain.firings import ladder, warnings
from amends_domain.policy import Policy
from amends_domain.runs import Deadline

FIRED = (ReminderIssued.TYPE, DeadlineBreached.TYPE, CaseEscalated.TYPE, Reclassified.TYPE)
"""The types of what fires. Some of them people cause as well: see `has_fired`."""

_ALERTS = (ReminderIssued.TYPE, DeadlineBreached.TYPE, CaseEscalated.TYPE)

_Owed = Mapping[tuple[str, int], Deadline]


def has_fired(event: Event) -> bool:
    """Whether it was a clock that caused the event."""
    match event:
        case ReminderIssued() | DeadlineBreached():
            return True
        case CaseEscalated():
            return event.clock is not None
        case Reclassified():
            return event.broken_promise is not None
    return False


def uncalled_for(
    case: Case, fired: Sequence[Recorded], policies: Mapping[str, Policy]
) -> Iterator[tuple[Recorded, str]]:
    """What should not be there, each with the reason. Raises UnknownPolicy."""
    if not fired:
        return
    # What the case owed had none of them been recorded: an alert must not be its own justification.
    without = replace(case, marks=tuple(mark for mark in case.marks if not _is_alert(mark)))
    owed = {(deadline.kind, deadline.generation): deadline for deadline in obligations(without, policies)}
    seen: set[tuple[object, ...]] = set()
    for recorded in fired:
        name = _name(recorded.event)
        reason = "it was recorded before" if name in seen else _objection(recorded, owed, case)
        seen.add(name)
        if reason is not None:
            yield recorded, f"{_called(recorded.event)}: {reason}"


def _is_alert(mark: Mark) -> bool:
    return mark.type in _ALERTS and mark.note is not None


def _name(event: Event) -> tuple[object, ...]:
    if isinstance(event, Reclassified):
        return (event.TYPE, event.broken_promise)
    assert isinstance(event, ReminderIssued | DeadlineBreached | CaseEscalated)
    # Reminders and escalations share the numbers of their steps.
    return event.clock, event.generation, getattr(event, "step", None)


def _called(event: Event) -> str:
    if isinstance(event, Reclassified):
        return f"{event.TYPE} by promise {event.broken_promise}"
    assert isinstance(event, ReminderIssued | DeadlineBreached | CaseEscalated)
    return f"{event.TYPE} of {event.clock} (generation {event.generation})"


def _objection(recorded: Recorded, owed: _Owed, case: Case) -> str | None:
    event = recorded.event
    if isinstance(event, Reclassified):
        return _no_broken_promise(recorded, event, owed)
    assert isinstance(event, ReminderIssued | DeadlineBreached | CaseEscalated)
    deadline = owed.get((event.clock or "", event.generation or 0))
    if deadline is None:
        return "no policy started such a clock"
    match event:
        case DeadlineBreached():
            return _no_breach(recorded, event, deadline)
        case ReminderIssued():
            at = next((at for n, label, at in warnings(deadline) if (n, label) == (event.step, event.warning)), None)
            if at is None:
                return f"the policy has no warning {event.warning!r} then"
            return _untimely(recorded, deadline, at, event.fell_due_at, event.due_at)
        case CaseEscalated():
            # By the grade of the case as it was then: it may have been raised since.
            grade = str(case.marks[recorded.version - 2].facts["grade"])
            at = next((at for n, to, at in ladder(deadline, grade) if (n, to) == (event.step, event.to)), None)
            if at is None:
                return f"the policy has no such step to {event.to}"
            return _untimely(recorded, deadline, at, event.fell_due_at, event.due_at)


def _no_breach(recorded: Recorded, event: DeadlineBreached, deadline: Deadline) -> str | None:
    if event.due_at != deadline.due_at:
        return f"it says due {event.due_at.isoformat()}, and the policy {deadline.due_at.isoformat()}"
    if recorded.recorded_at < deadline.due_at:
        return "it was recorded before the deadline"
    if _had_ended_in_time(deadline, recorded):
        return f"the clock had ended in time ({deadline.status.value})"
    return None


def _had_ended_in_time(deadline: Deadline, recorded: Recorded) -> bool:
    # In the very moment in which it was due, the log's order says which came first.
    return (
        deadline.ended_at is not None
        and deadline.ended_by is not None
        and deadline.ended_at <= deadline.due_at
        and deadline.ended_by < recorded.version
    )


def _untimely(
    recorded: Recorded, deadline: Deadline, at: datetime, fell_due_at: datetime | None, due_at: datetime | None
) -> str | None:
    if (fell_due_at, due_at) != (at, deadline.due_at):
        said = None if fell_due_at is None else fell_due_at.isoformat()
        return f"it says {said}, and the policy {at.isoformat()}"
    if recorded.recorded_at < at:
        return "it was recorded before its time"
    if deadline.ended_at is not None and recorded.recorded_at > deadline.ended_at:
        return "the clock had ended before"
    return None


def _no_broken_promise(recorded: Recorded, event: Reclassified, owed: _Owed) -> str | None:
    for deadline in owed.values():
        if deadline.rule.from_event == PromiseMade.TYPE and deadline.number == event.broken_promise:
            if recorded.recorded_at < deadline.due_at:
                return "it was recorded before the promise was broken"
            if _had_ended_in_time(deadline, recorded):
                return "the promise was kept"
            return None
    return "there was no such promise"
