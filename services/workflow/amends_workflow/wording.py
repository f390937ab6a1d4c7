"""An explanation in words: for whoever has to be told, or to check, why a deadline is due when it is."""

from __future__ import annotations

import re
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
from amends_platform.words import Words, message
from amends_workflow.parameters import PastParameters
from amends_workflow.timing import Basis, Move, Timing

_GIVEN = {
    "agreed": message("the time agreed with the customer"),
    "promised": message("the time that was promised"),
    "reply_by": message("the time by which the customer asked for a reply"),
}
_WHY = {
    "agreed": message("the customer agreed"),
    "approved": message("a longer term was approved"),
    "retimed": message("it was timed anew by another version of the policy"),
    "urgent": message("the case became urgent"),
}
_DAY = timedelta(days=1)
_SUBSTITUTED = re.compile(r"Day off \(substituted from (.+)\)")
_OBSERVED = " (observed)"
# Two clocks differ a little: only what was entered later than this says so.
_AT_ONCE = timedelta(minutes=1)


def in_words(said: Words, case: Case, deadline: Deadline, policy: Policy, told: Timing, wanted: PastParameters) -> str:
    """The rule, from which event it runs, to when and how that was counted, what moved it, and how it ended.

    In English clocks and events are called as the policy does, to be looked up there.
    """
    zone = policy.calendar_of(deadline.rule).timezone
    source = deadline.rule.source
    return said.joined(
        (
            *_asked_for(said, wanted, zone),
            _rule(said, case, deadline, policy),
            _beginning(said, deadline, told, zone),
            *_due(said, deadline, told.basis, zone),
            *_moves(said, told.moves, zone),
            *_told(said, deadline, told, zone),
            _outcome(said, deadline, told, zone),
            "" if source is None else said.text("Source of the rule: {source}.", source=said.text(source)),
        )
    )


def _asked_for(said: Words, wanted: PastParameters, zone: ZoneInfo) -> Iterator[str]:
    if wanted.as_of is not None:
        yield said.text("This was known at {at}.", at=_local(wanted.as_of, zone))
    if wanted.position is not None:
        yield said.text("This was known when the log ended at position {position}.", position=wanted.position)
    if wanted.valid_at is not None:
        yield said.text("This had happened by {at}, in hindsight.", at=_local(wanted.valid_at, zone))


def _rule(said: Words, case: Case, deadline: Deadline, policy: Policy) -> str:
    rule = deadline.rule
    clock = said.code("clock", rule.name)
    values = {
        "policy": policy.name,
        "version": policy.version,
        "clock": clock
        if deadline.number is None
        else said.text("{clock} (number {number})", clock=clock, number=deadline.number),
        "reference": reference_of(case.first_position),
        "start": _event_name(said, rule.from_event),
        "stops": said.text(" or ").join(_event_name(said, each) for each in sorted(rule.stop)),
    }
    runs = (
        said.text(
            "By {policy} version {version}, the clock {clock} of case {reference} runs from {start} to {stops}",
            **values,
        )
        if rule.pack is None
        else said.text(
            "By {policy} version {version}, by the pack {pack}, the clock {clock} of case {reference} runs from {start}"
            " to {stops}",
            **values,
            pack=rule.pack,
        )
    )
    customers = said.text("and it is the customer's own time") if deadline.is_customers else ""
    return said.text("{sentence}.", sentence=said.clauses((runs, _condition(said, rule), customers)))


def _condition(said: Words, rule: ClockRule) -> str:
    asked = [
        said.text(
            "{fact} is {values}",
            fact=said.code("fact", fact),
            values=said.text(" or ").join(said.code(fact, each) for each in sorted(accepted)),
        )
        for fact, accepted in rule.when.conditions
    ]
    return said.text("on cases whose {conditions}", conditions=said.text(" and ").join(asked)) if asked else ""


def _beginning(said: Words, deadline: Deadline, told: Timing, zone: ZoneInfo) -> str:
    values = {"at": _local(deadline.origin, zone), "event": _event(said, told.beginning, zone)}
    if told.called_for is None:
        return said.text("It began at {at} with {event}.", **values)
    return said.text(
        "It began at {at} with {event}; the case was found to have it by {found}.",
        **values,
        found=_event(said, told.called_for, zone),
    )


def _due(said: Words, deadline: Deadline, basis: Basis, zone: ZoneInfo) -> Iterator[str]:
    reason = _reason(said, deadline, basis, zone)
    yield said.text("It is due at {at}: {reason}.", at=_local(deadline.due_at, zone), reason=reason)
    if basis.counted is not None and basis.counted.counted:
        yield said.text("Days counted: {days}.", days=_days(said, [(day, "") for day in basis.counted.counted]))
    if basis.counted is not None and basis.counted.skipped:
        yield said.text("Days skipped: {days}.", days=_days(said, basis.counted.skipped))
    if deadline.provisional:
        yield said.text("That is provisional: it rests on days whose holidays are not published yet.")


def _reason(said: Words, deadline: Deadline, basis: Basis, zone: ZoneInfo) -> str:
    if basis.by in _GIVEN or basis.counted_from is None:
        return said.text(_GIVEN.get(basis.by, basis.by))
    values = {
        "length": _length(said, basis.duration),
        "since": said.text("it began")
        if basis.counted_from == deadline.origin
        else said.text("the case became urgent"),
        "rule": f"{basis.by}: {basis.duration}",
        "zone": zone,
    }
    return said.text("{length} after {since} ({rule}), in the time of {zone}", **values)


def _length(said: Words, duration: Duration | None) -> str:
    assert duration is not None, "only what a duration led to was counted"
    match duration.unit:
        case Unit.SAME_DAY:
            return said.text("close of business on the day, or on the next business day,")
        case Unit.SECONDS:
            return said.plural("{count} second", "{count} seconds", duration.amount)
        case Unit.MINUTES:
            return said.plural("{count} minute", "{count} minutes", duration.amount)
        case Unit.HOURS:
            return said.plural("{count} hour", "{count} hours", duration.amount)
        case Unit.DAYS:
            return said.plural("{count} calendar day", "{count} calendar days", duration.amount)
        case Unit.BUSINESS_DAYS:
            return said.plural("{count} business day", "{count} business days", duration.amount)


def _moves(said: Words, moved: Sequence[Move], zone: ZoneInfo) -> Iterator[str]:
    if moved:
        moves = said.text("; ").join(_move(said, move, zone) for move in moved)
        yield said.plural(
            "It was moved once: {moves}.", "It was moved {count} times: {moves}.", len(moved), moves=moves
        )


def _move(said: Words, move: Move, zone: ZoneInfo) -> str:
    values = {
        "before": _local(move.before.due_at, zone),
        "now": _local(move.now.due_at, zone),
        "why": _because(said, move.why),
        "event": _event(said, move.mark, zone),
    }
    if move.contact is None:
        return said.text("from {before} to {now} because {why}, by {event}", **values)
    return said.text(
        "from {before} to {now} because {why}, who was told the reason in {contact}, by {event}",
        **values,
        contact=_event(said, move.contact, zone),
    )


def _because(said: Words, why: str) -> str:
    if why in _WHY:
        return said.text(_WHY[why])
    what, _, name = why.partition(":")
    match what:
        case "flag":
            return said.text("the case has the flag {flag}", flag=said.code("flag", name))
        case "action":
            return said.text("{action} was done", action=said.code("action", name))
        case _:
            return said.text("of {why}", why=why)


def _told(said: Words, deadline: Deadline, told: Timing, zone: ZoneInfo) -> Iterator[str]:
    warnings = [
        said.text(
            "at {warning} by {event}",
            warning=_warning(said, deadline.rule.warnings[mark.note[2]].label),
            event=_event(said, mark, zone),
        )
        for mark in told.reminders
    ]
    if warnings:
        yield said.text("It was reminded of: {reminders}.", reminders=said.text("; ").join(warnings))
    steps = [
        said.text(
            "{role} by {event}",
            role=said.code("ladder", deadline.rule.ladder[mark.note[2] - breach_step(deadline) - 1].to),
            event=_event(said, mark, zone),
        )
        for mark in told.escalations
    ]
    if steps:
        yield said.text("It was escalated to: {steps}.", steps=said.text("; ").join(steps))


def _warning(said: Words, label: str) -> str:
    return label if said.language == "en" else said.warning(label)


def _outcome(said: Words, deadline: Deadline, told: Timing, zone: ZoneInfo) -> str:
    end = "" if told.end is None else _event(said, told.end, zone)
    match deadline.status:
        case Verdict.PENDING:
            return said.text("It is running.")
        case Verdict.MET:
            return said.text("It was met by {event}.", event=end)
        case Verdict.EXTENDED:
            return said.text("It was replaced by {event}.", event=end)
        case Verdict.CANCELLED:
            return said.text("It was cancelled by {event}.", event=end)
        case Verdict.BREACHED:
            return _breached(said, deadline, told, end, zone)


def _breached(said: Words, deadline: Deadline, told: Timing, end: str, zone: ZoneInfo) -> str:
    at = _local(deadline.due_at, zone)
    breach = (
        said.text("It was breached at {at}", at=at)
        if told.breach is None
        else said.text("It was breached at {at}, as {event} says", at=at, event=_event(said, told.breach, zone))
    )
    if not end:
        return said.text("{sentence}.", sentence=breach)
    return said.text("{breach}; {event} came too late: what counts is when it was recorded.", breach=breach, event=end)


def _event_name(said: Words, name: str) -> str:
    """An event as a policy calls it: by its type, or `action:NAME`."""
    action = name.removeprefix("action:")
    return said.code("event", name) if action == name or said.language == "en" else said.code("action", action)


def _event(said: Words, mark: Mark, zone: ZoneInfo) -> str:
    """An event so that it can be found and looked at."""
    values = {
        "type": said.code("event", mark.type),
        "version": mark.version,
        "position": mark.position,
        "person": mark.actor,
        "recorded": _local(mark.recorded_at, zone),
    }
    if mark.recorded_at - mark.occurred_at > _AT_ONCE:
        return said.text(
            "{type} (event {version}, position {position}, {person}, of {happened}, recorded {recorded})",
            **values,
            happened=_local(mark.occurred_at, zone),
        )
    return said.text("{type} (event {version}, position {position}, {person}, recorded {recorded})", **values)


def _days(said: Words, days: Sequence[tuple[date, str]]) -> str:
    """Days with their reasons; those in a row with one reason as a span."""
    spans: list[tuple[date, date, str]] = []
    for day, reason in days:
        if spans and spans[-1][1] + _DAY == day and spans[-1][2] == reason:
            spans[-1] = spans[-1][0], day, reason
        else:
            spans.append((day, day, reason))
    return said.listed(_span(said, *span) for span in spans)


def _span(said: Words, first: date, last: date, reason: str) -> str:
    days = str(first) if first == last else said.text("{first} to {last}", first=first, last=last)
    return said.text("{days} ({reason})", days=days, reason=_day_off(said, reason)) if reason else days


def _day_off(said: Words, reason: str) -> str:
    """Why a day did not count, by the calendar that was copied into the policy, which names its days in English."""
    moved = _SUBSTITUTED.fullmatch(reason)
    if moved is not None:
        return said.text("Day off (substituted from {day})", day=moved[1])
    holiday = reason.removesuffix(_OBSERVED)
    if holiday == reason:
        return said.code("day_off", reason)
    return said.text("{holiday} (observed)", holiday=said.code("day_off", holiday))


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")
