"""Cases come, go and stay: the open ones at both ends of the month, what opened and closed them, time in each state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from amends_domain.case import COMPLAINT, INCIDENT, OPEN
from amends_domain.events import CaseReopened, LinkedToIncident, Reclassified
from amends_domain.measures.told import Counts, Entry, Span, Told

_MICROSECOND = timedelta(microseconds=1)


def flow(told: Told, span: Span) -> Counts:
    """Open before, reopened, closed, and the state at the cut. History and incidents are counted apart."""
    case = told.case
    yield ("case",), 1
    if not told.is_record:
        yield ("incident_state", case.status), 1
        return
    if told.is_apart:
        yield ("apart", case.status), 1
        return
    yield ("state", case.status), 1
    if _was_open(told, span.start):
        yield ("opening",), 1
    if is_handled(told, span):
        yield ("handled",), 1
    for entry in told.in_month(span):
        if isinstance(entry.recorded.event, CaseReopened):
            yield ("reopened", entry.recorded.event.reason), 1
        if entry.before is not None and entry.before.is_open and not entry.after.is_open:
            yield ("closed", entry.after.status), 1
    for state, left_at, microseconds in stays(told):
        if span.has(left_at):
            yield ("stay", state, microseconds), 1


def is_handled(told: Told, span: Span) -> bool:
    """Whether the record was open at some time in the month."""
    return _was_open(told, span.start) or any(
        entry.after.is_open and (entry.before is None or not entry.before.is_open) for entry in told.in_month(span)
    )


def stays(told: Told) -> Iterator[tuple[str, datetime, int]]:
    """Each stay of a complaint in an open state that has ended: the state, when it was left, how many microseconds.

    By recorded time; what became a complaint later is in `received` since then.
    """
    since: datetime | None = None
    for recorded, before, after in told.entries:
        has_left = before is not None and before.status in OPEN and after.status != before.status
        if has_left and before is not None and before.kind == COMPLAINT and since is not None:
            yield before.status, recorded.recorded_at, (recorded.recorded_at - since) // _MICROSECOND
        if before is None or before.status != after.status or isinstance(recorded.event, Reclassified):
            since = recorded.recorded_at


def incidents(told: Told, span: Span) -> Counts:
    """Mass incidents opened, and cases found to belong to one."""
    if told.case.kind == INCIDENT:
        if span.has(told.events[0].recorded_at):
            of = told.case.incident_of
            yield ("incident", "automatic" if of is not None and of.automatic else "by_person"), 1
        return
    for entry in told.in_month(span):
        if isinstance(entry.recorded.event, LinkedToIncident):
            yield ("linked",), 1


def logged(told: Told, span: Span) -> Counts:
    """Every event of the month by type, whatever it counts for; and the policies that judged one."""
    for recorded in told.events:
        if span.has(recorded.recorded_at):
            yield ("logged", recorded.event.TYPE), 1
            if recorded.policy is not None:
                yield ("judged_by", recorded.policy), 1


def _was_open(told: Told, at: datetime) -> bool:
    """Whether it was open just before an instant."""
    last: Entry | None = None
    for entry in told.entries:
        if entry.recorded.recorded_at >= at:
            break
        last = entry
    return last is not None and last.after.is_open
