"""A leaf can be read back: the event is told by its bytes alone, and no other bytes tell the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_store.leaf import BadLeaf, event_of, leaf_bytes, leaf_hash
from amends_store.records import StoredEvent

texts = st.text(st.characters(codec="utf-8"), max_size=40)
times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
numbers = st.integers(1, 2**31 - 1)

unhashed_events = st.builds(
    StoredEvent,
    position=st.integers(1, 2**63 - 1),
    stream_id=st.uuids(),
    version=numbers,
    id=st.uuids(),
    type=texts,
    schema_version=numbers,
    occurred_at=times,
    recorded_at=times,
    tenant=texts,
    actor=texts,
    correlation_id=st.uuids(),
    causation_id=st.none() | st.uuids(),
    policy_hash=st.none() | st.binary(min_size=32, max_size=32),
    data=texts,
    sealed=st.none() | st.binary(max_size=60),
    key_id=st.none() | st.uuids(),
    leaf_hash=st.just(b""),
)
events = unhashed_events.map(lambda event: event._replace(leaf_hash=leaf_hash(event)))


@given(events)
def test_the_event_is_read_back_from_its_leaf(event: StoredEvent) -> None:
    assert event_of(leaf_bytes(event)) == event


@given(events, st.data())
def test_another_leaf_is_never_the_same_event(event: StoredEvent, data: st.DataObject) -> None:
    leaf = bytearray(leaf_bytes(event))
    leaf[data.draw(st.integers(0, len(leaf) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        other = event_of(bytes(leaf))
    except BadLeaf:
        return
    assert other != event
    assert leaf_bytes(other) == leaf


@given(events, st.data())
def test_a_leaf_that_was_cut_off_or_goes_on_is_refused(event: StoredEvent, data: st.DataObject) -> None:
    leaf = leaf_bytes(event)
    with pytest.raises(BadLeaf):
        event_of(leaf[: data.draw(st.integers(0, len(leaf) - 1))])
    with pytest.raises(BadLeaf):
        event_of(leaf + data.draw(st.binary(min_size=1, max_size=40)))


@given(st.binary(max_size=300))
def test_whatever_else_it_is_handed_is_refused(junk: bytes) -> None:
    with pytest.raises(BadLeaf):
        event_of(junk)
