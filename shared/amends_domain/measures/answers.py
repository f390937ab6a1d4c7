"""What customers say, and how it was settled with them."""

from __future__ import annotations

from amends_domain.calendars import after
from amends_domain.case import COMPLAINT, Status
from amends_domain.durations import Duration, Unit
from amends_domain.events import CustomerConfirmed, FollowedUp
from amends_domain.measures.told import Counts, Entry, Span, Told

QUICKLY = Duration(5, Unit.BUSINESS_DAYS)
"""Ours to choose: the practice says "quickly" and no number."""


def satisfaction(told: Told, span: Span) -> Counts:
    """The answers of follow-ups that ended a complaint: the one number, and those to the indicators."""
    for entry in told.in_month(span):
        event = entry.recorded.event
        if isinstance(event, FollowedUp):
            yield ("answer", event.satisfaction), 1
            for indicator, answer in (event.answers or {}).items():
                yield ("indicator", indicator, answer), 1


def on_the_spot(told: Told, span: Span) -> Counts:
    for entry in told.in_month(span):
        if isinstance(entry.recorded.event, CustomerConfirmed):
            yield ("confirmed", "on_the_spot" if entry.recorded.event.on_the_spot else "later"), 1


def repeats(told: Told, span: Span) -> Counts:
    """A complaint that was found to repeat an earlier one: once, when it was."""
    for entry in told.entries:
        if entry.after.kind == COMPLAINT and "repeat" in entry.after.flags:
            if span.has(entry.recorded.recorded_at):
                yield ("repeat",), 1
            return


def recovery(told: Told, span: Span) -> Counts:
    """What each closing but a merging leaves: a customer whose complaint is resolved quickly, resolved, or not.

    Quickly: confirmed on the spot, or within five business days of becoming a complaint. Withdrawn is not resolved.
    """
    for entry in told.in_month(span):
        if entry.before is None or not entry.before.is_open:
            continue
        match entry.after.status:
            case Status.WITHDRAWN if entry.after.kind != COMPLAINT:
                yield ("recovery", "other_kind"), 1
            case Status.FOLLOWED_UP:
                yield ("recovery", "quickly" if _is_quick(told, entry, span) else "resolved"), 1
            case Status.WITHDRAWN | Status.CLOSED_UNSATISFIED:
                yield ("recovery", "unresolved"), 1


def _is_quick(told: Told, closing: Entry, span: Span) -> bool:
    since = told.complaint_since
    for recorded, _, _ in reversed(told.entries):
        if isinstance(recorded.event, CustomerConfirmed) and recorded.version < closing.recorded.version:
            if recorded.event.on_the_spot:
                return True
            policy = told.policies[recorded.policy] if recorded.policy is not None else span.policy
            due = None if since is None else after(since.recorded.recorded_at, QUICKLY, policy.calendar)
            return due is not None and recorded.recorded_at <= due.at
    return False
