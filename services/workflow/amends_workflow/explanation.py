"""Why a deadline is due when it is, and how it came to stand as it does: by which rule, from which events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from amends_domain.calendars import DueTime, after
from amends_domain.case import Case, Mark
from amends_domain.durations import Duration
from amends_domain.events import (
    CallbackAgreed,
    CaseReopened,
    ComplaintReceived,
    ComplaintWithdrawn,
    DeadlineBreached,
    FollowedUp,
    ReminderIssued,
)
from amends_domain.firings import warnings
from amends_domain.policy import ClockRule, ExtendByAgreement, Policy
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline, Verdict
from amends_store.records import StoredEvent
from amends_workflow.answers import policy_answer
from amends_workflow.read_model import breached_at

_CLOSING = (ComplaintWithdrawn.TYPE, FollowedUp.TYPE)


class Basis(NamedTuple):
    """Which part of the rule set the due time (its name in the policy, or "agreed" or "reply_by"), and the count."""

    by: str
    duration: Duration | None
    counted: DueTime | None


def explain(
    case: Case,
    deadlines: Sequence[Deadline],
    deadline: Deadline,
    events: Sequence[StoredEvent],
    policies: Mapping[str, Policy],
) -> dict[str, Any]:
    """The shape of Explanation. `deadlines` are all of the case, `events` its whole stream."""
    policy = policies[deadline.policy]
    start, end = _start(case, deadline), _end(case, deadline)
    basis = _basis(case, deadline, start)
    extensions = list(_extensions(case, deadlines, deadline, events))
    return {
        "case_id": case.id,
        "reference": reference_of(case.first_position),
        "kind": deadline.kind,
        "generation": deadline.generation,
        "cycle": deadline.cycle,
        "status": deadline.status.value,
        "started_at": deadline.started_at,
        "due_at": deadline.due_at,
        "ended_at": deadline.ended_at,
        "breached_at": breached_at(deadline),
        "provisional": deadline.provisional,
        "policy": policy_answer(policy),
        "rule": _rule(deadline.rule),
        "started_by": _event(start, events),
        "ended_by": None if end is None else _event(end, events),
        "breach": _event_or_none(_breach(case, deadline), events),
        "due_by": basis.by,
        "duration": None if basis.duration is None else str(basis.duration),
        "timezone": str(policy.calendar.timezone),
        "counted": [] if basis.counted is None else basis.counted.counted,
        "skipped": []
        if basis.counted is None
        else [{"date": day, "reason": reason} for day, reason in basis.counted.skipped],
        "warnings": [
            {"step": step, "warning": label, "at": at, "issued": step in deadline.issued}
            for step, label, at in warnings(deadline)
        ],
        "reminders": [_event(mark, events) for mark in _reminders(case, deadline)],
        "extensions": extensions,
        "text": _sentence(case, deadline, policy, start, end, basis, len(extensions)),
    }


def _start(case: Case, deadline: Deadline) -> Mark:
    rule = deadline.rule
    starting = {rule.from_event}
    if rule.from_event == ComplaintReceived.TYPE:
        starting.add(CaseReopened.TYPE)
    if rule.is_agreed:
        starting.add(CallbackAgreed.TYPE)
    return next(
        mark
        for mark in case.marks
        if mark.type in starting and mark.cycle == deadline.cycle and mark.occurred_at == deadline.started_at
    )


def _end(case: Case, deadline: Deadline) -> Mark | None:
    """The event that stopped, replaced or cancelled the clock. Events of one command share their time."""
    candidates = [mark for mark in case.marks if mark.recorded_at == deadline.ended_at and mark.cycle == deadline.cycle]
    for mark in candidates:
        if mark.type in deadline.rule.stop or f"action:{mark.note}" in deadline.rule.stop:
            return mark
    for mark in candidates:
        if mark.type == CallbackAgreed.TYPE or mark.type in _CLOSING:
            return mark
    return None


def _breach(case: Case, deadline: Deadline) -> Mark | None:
    note = (deadline.kind, deadline.generation)
    return next((mark for mark in case.marks if mark.type == DeadlineBreached.TYPE and mark.note == note), None)


def _reminders(case: Case, deadline: Deadline) -> Iterator[Mark]:
    for mark in case.marks:
        if mark.type == ReminderIssued.TYPE and mark.note[:2] == (deadline.kind, deadline.generation):
            yield mark


def _basis(case: Case, deadline: Deadline, start: Mark) -> Basis:
    """What the due time came from: the first of the rule's durations that leads to it."""
    rule = deadline.rule
    if rule.is_agreed and start.type == CallbackAgreed.TYPE:
        return Basis("agreed", None, None)
    for by, duration in _durations(case, rule):
        counted = after(deadline.started_at, duration, deadline.calendar)
        if counted.at == deadline.due_at:
            return Basis(by, duration, counted)
    return Basis("reply_by", None, None)


def _durations(case: Case, rule: ClockRule) -> Iterator[tuple[str, Duration]]:
    if rule.urgent is not None and "urgent" in case.flags:
        yield "urgent", rule.urgent
    if isinstance(rule.due, Duration):
        yield "due", rule.due
    if rule.at_most is not None:
        yield "at_most", rule.at_most
    for longer in rule.extend if isinstance(rule.extend, tuple) else ():
        yield "extend", longer.to


def _extensions(
    case: Case, deadlines: Sequence[Deadline], deadline: Deadline, events: Sequence[StoredEvent]
) -> Iterator[dict[str, Any]]:
    """How the clock came to this run: each agreement that moved it, in this cycle."""
    runs = [
        each
        for each in deadlines
        if each.kind == deadline.kind and each.cycle == deadline.cycle and each.generation <= deadline.generation
    ]
    for replaced, run in pairwise(runs):
        start = _start(case, run)
        if start.type == CallbackAgreed.TYPE and replaced.ended_at == start.recorded_at:
            yield {
                "generation": replaced.generation,
                "due_at": replaced.due_at,
                "moved_to": run.due_at,
                "later": run.due_at > replaced.due_at,
                "status": replaced.status.value,
                "by": _event(start, events),
            }


def _rule(rule: ClockRule) -> dict[str, Any]:
    extend: Any = None
    if isinstance(rule.extend, ExtendByAgreement):
        extend = {
            "requires": rule.extend.requires,
            "before_due": rule.extend.before_due,
            "at_most": _written(rule.extend.at_most),
        }
    elif rule.extend is not None:
        extend = [
            {"to": _written(longer.to), "flag": longer.flag, "approval": longer.approval} for longer in rule.extend
        ]
    return {
        "from": rule.from_event,
        "stop": sorted(rule.stop),
        "due": str(rule.due),
        "at_most": _written(rule.at_most),
        "urgent": _written(rule.urgent),
        "warn": [warning.label for warning in rule.warnings],
        "extend": extend,
        "when": {fact: sorted(accepted) for fact, accepted in rule.when.conditions},
    }


def _written(duration: Duration | None) -> str | None:
    return None if duration is None else str(duration)


def _event(mark: Mark, events: Sequence[StoredEvent]) -> dict[str, Any]:
    row = events[mark.version - 1]
    return {
        "position": row.position,
        "version": row.version,
        "type": row.type,
        "occurred_at": row.occurred_at,
        "recorded_at": row.recorded_at,
        "actor": row.actor,
    }


def _event_or_none(mark: Mark | None, events: Sequence[StoredEvent]) -> dict[str, Any] | None:
    return None if mark is None else _event(mark, events)


def _sentence(
    case: Case,
    deadline: Deadline,
    policy: Policy,
    start: Mark,
    end: Mark | None,
    basis: Basis,
    extension_count: int,
) -> str:
    def local(at: datetime) -> str:
        return at.astimezone(policy.calendar.timezone).strftime("%Y-%m-%d %H:%M:%S %Z")

    match basis.by:
        case "agreed":
            why = "the time agreed with the customer"
        case "reply_by":
            why = "the time by which the customer asked for a reply"
        case _:
            why = f"{basis.duration} after that ({basis.by} of the rule)"
    if basis.counted is not None and basis.counted.skipped:
        why += ", skipping " + ", ".join(f"{day} ({reason})" for day, reason in basis.counted.skipped)
    moved = f", moved {extension_count} time{'s' if extension_count > 1 else ''} before" if extension_count else ""
    return (
        f"By {policy.name} version {policy.version}, the clock {deadline.kind} of case"
        f" {reference_of(case.first_position)} ran from {start.type} at {local(deadline.started_at)}"
        f" to {local(deadline.due_at)}, {why}{moved}; {_outcome(deadline, end, local)}."
    )


def _outcome(deadline: Deadline, end: Mark | None, local: Any) -> str:
    ended = "" if end is None or deadline.ended_at is None else f"{end.type} at {local(deadline.ended_at)}"
    match deadline.status:
        case Verdict.PENDING:
            return "it is running"
        case Verdict.MET:
            return f"it was met by {ended}"
        case Verdict.EXTENDED:
            return f"it was replaced by {ended}"
        case Verdict.CANCELLED:
            return f"it was cancelled by {ended}"
        case Verdict.BREACHED:
            return "it was breached" + (f", and {ended} came too late" if ended else "")
