"""How much came: records by kind, and complaints by what they are."""

from __future__ import annotations

from amends_domain.events import ComplaintReceived, Reclassified
from amends_domain.measures.told import Counts, Span, Told

UNKNOWN = ""
"""What a fact is called that nobody has told."""


def volumes(told: Told, span: Span) -> Counts:
    """Records received, and complaints, which are counted once: when they were received as one, or became one.

    Type, cause, channel and grade are what was known of it at the cut.
    """
    if not told.is_record:
        return
    first = told.events[0]
    if span.has(first.recorded_at) and isinstance(first.event, ComplaintReceived):
        yield ("imported" if told.case.historical else "received", first.event.kind), 1
    for entry in told.in_month(span):
        if isinstance(entry.recorded.event, Reclassified):
            yield ("reclassified", entry.recorded.event.previous_kind, entry.recorded.event.kind), 1
    since = told.complaint_since
    if since is None or not span.has(since.recorded.recorded_at):
        return
    case = told.case
    yield ("complaint",), 1
    yield ("type", case.type or UNKNOWN), 1
    yield ("cause", case.cause or UNKNOWN), 1
    yield ("channel", case.channel), 1
    yield ("grade", case.grade), 1
