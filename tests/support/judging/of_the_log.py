"""What is promised of the log: without a gap, in order of time, unaltered, and the same to whoever reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from amends_store.leaf import leaf_hash
from tests.support.judging.history import History


def positions_have_no_gap(history: History) -> Iterator[str]:
    """They are 1, 2, 3 … in the order of the log."""
    wanted = 1
    for event in history.log:
        if event.position != wanted:
            yield f"position {event.position} stands where {wanted} should be"
        wanted = event.position + 1


def versions_have_no_gap(history: History) -> Iterator[str]:
    """They are 1, 2, 3 … in each stream."""
    for case_id, events in history.streams.items():
        versions = [event.version for event in events]
        wrong = next((n for n, version in enumerate(versions) if version != n + 1), None)
        if wrong is not None:
            event = events[wrong]
            yield f"case {case_id}: version {event.version} at position {event.position} where {wrong + 1} should be"


def time_never_runs_back(history: History) -> Iterator[str]:
    """No event is recorded before the one at the position before it, whatever the clock does."""
    for before, after in pairwise(history.log):
        if after.recorded_at < before.recorded_at:
            yield (
                f"position {after.position} is recorded at {after.recorded_at.isoformat()}, and {before.position} "
                f"before it at {before.recorded_at.isoformat()}"
            )


def no_event_is_there_twice(history: History) -> Iterator[str]:
    """An event's id is its own."""
    for event_id, times in Counter(event.id for event in history.log).items():
        if times > 1:
            positions = [event.position for event in history.log if event.id == event_id]
            yield f"event {event_id} stands at positions {positions}"


def events_are_what_was_hashed(history: History) -> Iterator[str]:
    """The leaf hash of every event is that of its bytes."""
    for event in history.log:
        if leaf_hash(event) != event.leaf_hash:
            yield f"position {event.position} ({event.type}): its hash is not that of what stands there"


def streams_can_be_replayed(history: History) -> Iterator[str]:
    """Every stream is a life: its events follow one another."""
    for case_id, life in history.lives.items():
        if life.broken is not None:
            yield f"case {case_id}: {life.broken}"


def a_reader_sees_the_log_as_it_is(history: History) -> Iterator[str]:
    """Whoever follows it from its beginning sees every event once, in its order, and never one that is not there."""
    log, seen = history.log, history.seen
    for kept, told in zip(log, seen, strict=False):
        if kept != told:
            yield f"a reader saw position {told.position} ({told.type}, {told.id}), the log has {kept.position} there"
            return
    if len(seen) < len(log) and history.is_quiet:
        yield f"a reader saw {len(seen)} events, and the log has {len(log)}"
    # What was appended after the moment that the history is of may be seen, no more than that.
    if len(seen) > len(log) and history.is_quiet:
        yield f"a reader saw position {seen[len(log)].position} ({seen[len(log)].type}), and the log ends before it"
