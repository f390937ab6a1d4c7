"""Whether a countermeasure helped: complaints of the same cause at the same branch, 30 days before and after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from amends_domain.measures.deadlines import given
from amends_domain.measures.told import RECURRENCE, Counts, Span, Told
from amends_domain.policy_clocks import CORRECTIVE_ACTION
from amends_domain.reference import reference_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def recurrence(told: Told, span: Span) -> Counts:
    """When complaints of a cause came, and when countermeasures were done whose 30 days after end in this month.

    The cause is the one known at the cut; a complaint without one recurs of nothing.
    """
    cause = told.case.cause
    if cause is None:
        return
    since = told.complaint_since
    if since is not None and since.recorded.recorded_at >= span.start - 2 * RECURRENCE:
        yield ("came", cause, microseconds_of(since.recorded.recorded_at)), 1
    for measure in given(told, span, CORRECTIVE_ACTION):
        done_at = measure.done_at
        if done_at is not None and span.start < done_at + RECURRENCE and not _is_after(done_at, span):
            reference = reference_of(told.case.first_position)
            yield ("done", cause, microseconds_of(done_at), reference, measure.number), 1


def microseconds_of(at: datetime) -> int:
    """Since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def instant_of(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND


def _is_after(done_at: datetime, span: Span) -> bool:
    """Whether its 30 days after are not over by the end of the month."""
    return span.end is not None and done_at + RECURRENCE > span.end
