"""What is promised of deadlines: each fires once when it is due, and never when it was met, moved or cancelled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from amends_domain.case import Case
from amends_domain.events import CaseEscalated, DeadlineBreached, Event, Recorded, ReminderIssued
from amends_domain.firings import ladder, warnings
from amends_domain.runs import Deadline, Verdict
from tests.support.judging.history import History

Step = tuple[str, str, int, int | None]
"""What fires: the type of the event, the clock, its generation, and which step of it; None for the breach."""


def deadlines_fire_once(history: History) -> Iterator[str]:
    """Each warning, breach and step of the ladder of each generation of a clock."""
    for case_id, life in history.lives.items():
        for step, fired in _fired(life.events).items():
            if len(fired) > 1:
                yield f"case {case_id}: {_named(step)} at positions {[each.position for each in fired]}"


def nothing_fires_that_is_not_due(history: History) -> Iterator[str]:
    """Not before its time, not for another time than the policy says, not for what ended before, nor for nothing."""
    for case_id, life in history.lives.items():
        if life.case is None or life.broken is not None:
            continue
        deadlines = {(deadline.kind, deadline.generation): deadline for deadline in life.deadlines}
        for step, fired in _fired(life.events).items():
            deadline = deadlines.get((step[1], step[2]))
            for each in fired:
                objection = _objection(each, step, deadline, life.case)
                if objection is not None:
                    at = f"at position {each.position} (version {each.version})"
                    yield f"case {case_id}: {_named(step)} {at}: {objection}"


def everything_due_has_fired(history: History) -> Iterator[str]:
    """Once all is quiet, whatever a deadline that was not met in time called for is in the log."""
    if not history.is_quiet:
        return
    for case_id, life in history.lives.items():
        if life.case is None or life.broken is not None:
            continue
        fired = _fired(life.events).keys()
        for deadline in life.deadlines:
            for step, at in _wanted(deadline, life.case):
                if at <= history.at and step not in fired:
                    ended = "" if deadline.ended_at is None else f", ended at {deadline.ended_at.isoformat()}"
                    yield (
                        f"case {case_id}: {_named(step)} was due at {at.isoformat()}{ended}, and at "
                        f"{history.at.isoformat()} the log has none"
                    )


def no_timer_is_overdue(history: History) -> Iterator[str]:
    """Once all is quiet, no timer waits whose time has passed."""
    if history.is_quiet:
        for timer in history.overdue:
            yield f"{timer} still waits at {history.at.isoformat()}"


def only_what_was_spoilt_is_quarantined(history: History) -> Iterator[str]:
    """A timer is set aside when it is malformed, and ours are not."""
    for timer in history.quarantined:
        if timer.clock not in history.poisoned:
            yield f"{timer} was set aside, and nobody spoilt it"


def _fired(events: Sequence[Recorded]) -> Mapping[Step, list[Recorded]]:
    fired: defaultdict[Step, list[Recorded]] = defaultdict(list)
    for each in events:
        step = _step(each.event)
        if step is not None:
            fired[step].append(each)
    return fired


def _step(event: Event) -> Step | None:
    match event:
        case DeadlineBreached():
            return event.TYPE, event.clock, event.generation, None
        case ReminderIssued():
            return event.TYPE, event.clock, event.generation, event.step
        case CaseEscalated() if event.clock is not None:
            return event.TYPE, event.clock, event.generation or 0, event.step or 0
    return None


def _named(step: Step) -> str:
    event_type, clock, generation, number = step
    return f"{event_type} of {clock} (generation {generation}{'' if number is None else f', step {number}'})"


def _wanted(deadline: Deadline, case: Case) -> Iterator[tuple[Step, datetime]]:
    """What must fire of it, and when, as far as it is certain: what ended may or may not have been reminded of."""
    kind, generation = deadline.kind, deadline.generation
    if deadline.ended_at is None or deadline.ended_at > deadline.due_at:
        yield (DeadlineBreached.TYPE, kind, generation, None), deadline.due_at
    if deadline.ended_at is None:
        for number, _, at in warnings(deadline):
            yield (ReminderIssued.TYPE, kind, generation, number), at
        for number, _, at in ladder(deadline, case.grade):
            yield (CaseEscalated.TYPE, kind, generation, number), at


def _objection(fired: Recorded, step: Step, deadline: Deadline | None, case: Case) -> str | None:
    if deadline is None:
        return "no policy started such a clock"
    due_at, ended_at = deadline.due_at, deadline.ended_at
    has_ended = deadline.ended_by is not None and deadline.ended_by < fired.version
    match fired.event:
        case DeadlineBreached():
            at = due_at
            # In the very moment in which it was due, the log's order says which came first.
            if ended_at is not None and ended_at <= due_at and has_ended:
                return f"it ended at {ended_at.isoformat()}, and was due at {due_at.isoformat()}"
            if deadline.status is not Verdict.BREACHED:
                return f"the deadline is called {deadline.status.value}"
        case ReminderIssued():
            at = {number: at for number, _, at in warnings(deadline)}.get(step[3] or 0, due_at)
            if at == due_at:
                return "the policy has no such warning"
        case CaseEscalated():
            # By the grade that the case had then: it may have been raised since.
            grade = str(case.marks[fired.version - 2].facts["grade"])
            wanted = {(number, role): at for number, role, at in ladder(deadline, grade)}
            if (step[3] or 0, fired.event.to) not in wanted:
                return f"the policy has no such step to {fired.event.to}"
            at = wanted[step[3] or 0, fired.event.to]
    if fired.occurred_at != at:
        return f"it fell due at {fired.occurred_at.isoformat()}, and by the policy at {at.isoformat()}"
    if fired.recorded_at < at:
        return f"it was recorded at {fired.recorded_at.isoformat()}, before {at.isoformat()}"
    if not isinstance(fired.event, DeadlineBreached) and has_ended:
        return (
            f"it was recorded at {fired.recorded_at.isoformat()}, and version {deadline.ended_by} had ended the clock"
        )
    return None
