"""An explanation in words: for whoever has to be told, or to check, why a deadline is due when it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from amends_domain.case import Case, Mark
from amends_domain.durations import Duration, Unit
from amends_domain.firings import breach_step
from amends_domain.policy import Policy
from amends_domain.policy_rules import ClockRule
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline, Verdict
from amends_workflow.parameters import PastParameters
from amends_workflow.timing import Basis, Move, Timing

_GIVEN = {
    "agreed": "the time agreed with the customer",
    "promised": "the time that was promised",
    "reply_by": "the time by which the customer asked for a reply",
}
_WHY = {
    "agreed": "the customer agreed",
    "approved": "a longer term was approved",
    "retimed": "it was timed anew by another version of the policy",
    "urgent": "the case became urgent",
}
_UNITS = {
    Unit.SECONDS: "seconds",
    Unit.MINUTES: "minutes",
    Unit.HOURS: "hours",
    Unit.DAYS: "calendar days",
    Unit.BUSINESS_DAYS: "business days",
}
_DAY = timedelta(days=1)
# Two clocks differ a little: only what was entered later than this says so.
_AT_ONCE = timedelta(minutes=1)


def in_words(case: Case, deadline: Deadline, policy: Policy, told: Timing, wanted: PastParameters) -> str:
    """The rule, from which event it runs, to when and how that was counted, what moved it, and how it ended."""
    zone = policy.calendar_of(deadline.rule).timezone
    sentences = (
        *_asked_for(wanted, zone),
        _rule(case, deadline, policy),
        _beginning(deadline, told, zone),
        *_due(deadline, told.basis, zone),
        *_moves(told.moves, zone),
        *_told(deadline, told, zone),
        _outcome(deadline, told, zone),
        *([] if deadline.rule.source is None else [f"Source of the rule: {deadline.rule.source}."]),
    )
    return " ".join(sentences)


def _asked_for(wanted: PastParameters, zone: ZoneInfo) -> Iterator[str]:
    if wanted.as_of is not None:
        yield f"This was known at {_local(wanted.as_of, zone)}."
    if wanted.position is not None:
        yield f"This was known when the log ended at position {wanted.position}."
    if wanted.valid_at is not None:
        yield f"This had happened by {_local(wanted.valid_at, zone)}, in hindsight."


def _rule(case: Case, deadline: Deadline, policy: Policy) -> str:
    rule = deadline.rule
    number = "" if deadline.number is None else f" (number {deadline.number})"
    pack = "" if rule.pack is None else f" by the pack {rule.pack},"
    customers = ", and it is the customer's own time" if deadline.is_customers else ""
    return (
        f"By {policy.name} version {policy.version},{pack} the clock {rule.name}{number}"
        f" of case {reference_of(case.first_position)} runs from {rule.from_event} to {_any(sorted(rule.stop))}"
        f"{_condition(rule)}{customers}."
    )


def _condition(rule: ClockRule) -> str:
    asked = [f"{fact} is {_any(sorted(accepted))}" for fact, accepted in rule.when.conditions]
    return f", on cases whose {' and '.join(asked)}" if asked else ""


def _beginning(deadline: Deadline, told: Timing, zone: ZoneInfo) -> str:
    found = "" if told.called_for is None else f"; the case was found to have it by {_event(told.called_for, zone)}"
    return f"It began at {_local(deadline.origin, zone)} with {_event(told.beginning, zone)}{found}."


def _due(deadline: Deadline, basis: Basis, zone: ZoneInfo) -> Iterator[str]:
    yield f"It is due at {_local(deadline.due_at, zone)}: {_reason(deadline, basis, zone)}."
    if basis.counted is not None and basis.counted.counted:
        yield f"Days counted: {_days([(day, '') for day in basis.counted.counted])}."
    if basis.counted is not None and basis.counted.skipped:
        yield f"Days skipped: {_days(basis.counted.skipped)}."
    if deadline.provisional:
        yield "That is provisional: it rests on days whose holidays are not published yet."


def _reason(deadline: Deadline, basis: Basis, zone: ZoneInfo) -> str:
    if basis.by in _GIVEN or basis.counted_from is None:
        return _GIVEN.get(basis.by, basis.by)
    since = "it began" if basis.counted_from == deadline.origin else "the case became urgent"
    return f"{_length(basis.duration)} after {since} ({basis.by}: {basis.duration}), in the time of {zone}"


def _length(duration: Duration | None) -> str:
    assert duration is not None, "only what a duration led to was counted"
    if duration.unit is Unit.SAME_DAY:
        return "close of business on the day, or on the next business day,"
    return f"{duration.amount} {_UNITS[duration.unit][: None if duration.amount != 1 else -1]}"


def _moves(moved: Sequence[Move], zone: ZoneInfo) -> Iterator[str]:
    if moved:
        times = "once" if len(moved) == 1 else f"{len(moved)} times"
        yield f"It was moved {times}: {'; '.join(_move(move, zone) for move in moved)}."


def _move(move: Move, zone: ZoneInfo) -> str:
    told = "" if move.contact is None else f", who was told the reason in {_event(move.contact, zone)}"
    moved = f"from {_local(move.before.due_at, zone)} to {_local(move.now.due_at, zone)}"
    return f"{moved} because {_because(move.why)}{told}, by {_event(move.mark, zone)}"


def _because(why: str) -> str:
    if why in _WHY:
        return _WHY[why]
    what, _, name = why.partition(":")
    return {"flag": f"the case has the flag {name}", "action": f"{name} was done"}.get(what, f"of {why}")


def _told(deadline: Deadline, told: Timing, zone: ZoneInfo) -> Iterator[str]:
    warnings = [f"at {deadline.rule.warnings[mark.note[2]].label} by {_event(mark, zone)}" for mark in told.reminders]
    if warnings:
        yield f"It was reminded of: {'; '.join(warnings)}."
    steps = [
        f"{deadline.rule.ladder[mark.note[2] - breach_step(deadline) - 1].to} by {_event(mark, zone)}"
        for mark in told.escalations
    ]
    if steps:
        yield f"It was escalated to: {'; '.join(steps)}."


def _outcome(deadline: Deadline, told: Timing, zone: ZoneInfo) -> str:
    end = "" if told.end is None else _event(told.end, zone)
    match deadline.status:
        case Verdict.PENDING:
            return "It is running."
        case Verdict.MET:
            return f"It was met by {end}."
        case Verdict.EXTENDED:
            return f"It was replaced by {end}."
        case Verdict.CANCELLED:
            return f"It was cancelled by {end}."
        case Verdict.BREACHED:
            breach = "" if told.breach is None else f", as {_event(told.breach, zone)} says"
            late = f"; {end} came too late: what counts is when it was recorded" if end else ""
            return f"It was breached at {_local(deadline.due_at, zone)}{breach}{late}."


def _event(mark: Mark, zone: ZoneInfo) -> str:
    """An event so that it can be found and looked at."""
    happened = ""
    if mark.recorded_at - mark.occurred_at > _AT_ONCE:
        happened = f", of {_local(mark.occurred_at, zone)}"
    recorded = _local(mark.recorded_at, zone)
    return f"{mark.type} (event {mark.version}, position {mark.position}, {mark.actor}{happened}, recorded {recorded})"


def _days(days: Sequence[tuple[date, str]]) -> str:
    """Days with their reasons; those in a row with one reason as a span."""
    spans: list[tuple[date, date, str]] = []
    for day, reason in days:
        if spans and spans[-1][1] + _DAY == day and spans[-1][2] == reason:
            spans[-1] = spans[-1][0], day, reason
        else:
            spans.append((day, day, reason))
    return ", ".join(
        (f"{first}" if first == last else f"{first} to {last}") + (f" ({reason})" if reason else "")
        for first, last, reason in spans
    )


def _any(names: Sequence[str]) -> str:
    return " or ".join(names)


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")
