"""Service standards: what a case shows of each, in this month and in those before it that the trend tells."""

from __future__ import annotations

from datetime import datetime, timedelta

from amends_domain.calendars import after
from amends_domain.events import ActionTaken, Recorded
from amends_domain.measures.told import Counts, Span, Told
from amends_domain.policy_measures import Standard

_MICROSECOND = timedelta(microseconds=1)


def standards(told: Told, span: Span) -> Counts:
    if not told.is_record:
        return
    for standard in span.terms.standards:
        yield from _accuracy(told, span, standard) if standard.within is None else _times(told, span, standard)


def _times(told: Told, span: Span, standard: Standard) -> Counts:
    """From when something occurred, the first where it does again, to when what ends it was recorded, as a clock is."""
    assert standard.within is not None, "a standard without a time is one of accuracy"
    since: datetime | None = None
    for entry in told.entries:
        name = _name_of(entry.recorded)
        if name in standard.ends and since is not None:
            at = entry.recorded.recorded_at
            number = span.number_of(at)
            if number is not None:
                is_good = at <= after(since, standard.within, span.policy.calendar).at
                yield ("standard", standard.name, number, "good" if is_good else "bad"), 1
                yield ("standard", standard.name, number, "microseconds"), max(0, (at - since) // _MICROSECOND)
            since = None
        if name in standard.begins and since is None:
            since = entry.recorded.occurred_at


def _accuracy(told: Told, span: Span, standard: Standard) -> Counts:
    for entry in told.entries:
        number = span.number_of(entry.recorded.recorded_at)
        name = _name_of(entry.recorded)
        if number is not None and name in standard.begins:
            yield ("standard", standard.name, number, "of"), 1
        if number is not None and name in standard.ends:
            yield ("standard", standard.name, number, "spoilt"), 1


def _name_of(recorded: Recorded) -> str:
    event = recorded.event
    return f"action:{event.action}" if isinstance(event, ActionTaken) else event.TYPE
