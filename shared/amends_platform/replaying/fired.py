"""Whether each reminder and breach in the log is one that the policies in force then called for, at that time, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.events import DeadlineBreached, Recorded, ReminderIssued
from amends_domain.firings import warnings
from amends_domain.policy import Policy
from amends_domain.runs import Deadline

FIRED = (ReminderIssued.TYPE, DeadlineBreached.TYPE)


def uncalled_for(
    case: Case, fired: Sequence[Recorded], policies: Mapping[str, Policy]
) -> Iterator[tuple[Recorded, str]]:
    """The alerts that should not be there, each with the reason. Raises UnknownPolicy."""
    if not fired:
        return
    # What the case owed had none of them been recorded: an alert must not be its own justification.
    without = replace(case, marks=tuple(mark for mark in case.marks if mark.type not in FIRED))
    owed = {(deadline.kind, deadline.generation): deadline for deadline in obligations(without, policies)}
    seen: set[tuple[str, int, int | None]] = set()
    for recorded in fired:
        event = recorded.event
        assert isinstance(event, ReminderIssued | DeadlineBreached)
        name = (event.clock, event.generation, getattr(event, "step", None))
        reason = "it was recorded before" if name in seen else _objection(recorded, owed.get(name[:2]))
        seen.add(name)
        if reason is not None:
            yield recorded, f"{event.TYPE} of {event.clock} (generation {event.generation}): {reason}"


def _objection(recorded: Recorded, deadline: Deadline | None) -> str | None:
    event = recorded.event
    if deadline is None:
        return "no policy started such a clock"
    if isinstance(event, DeadlineBreached):
        if event.due_at != deadline.due_at:
            return f"it says due {event.due_at.isoformat()}, and the policy {deadline.due_at.isoformat()}"
        if recorded.recorded_at < deadline.due_at:
            return "it was recorded before the deadline"
        if deadline.ended_at is not None and deadline.ended_at <= deadline.due_at:
            return f"the clock had ended in time ({deadline.status.value})"
        return None
    assert isinstance(event, ReminderIssued)
    at = next((at for step, label, at in warnings(deadline) if (step, label) == (event.step, event.warning)), None)
    if at is None:
        return f"the policy has no warning {event.warning!r} then"
    if (event.fell_due_at, event.due_at) != (at, deadline.due_at):
        return f"it says {event.fell_due_at.isoformat()}, and the policy {at.isoformat()}"
    if recorded.recorded_at < at:
        return "it was recorded before its time"
    if deadline.ended_at is not None and recorded.recorded_at > deadline.ended_at:
        return "the clock had ended before"
    return None
