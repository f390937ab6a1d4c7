"""Events become JSON and come back; personal data never stays in the clear part."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_domain.event_codec import EVENT_TYPES, UnknownEventType, decode, encode
from amends_domain.events import CallbackAgreed, ComplaintReceived, Event, InvestigationCompleted, ReminderIssued
from tests.support.lives import MONDAY

texts = st.text(max_size=20)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
names = st.lists(texts, max_size=3).map(tuple)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        ComplaintReceived,
        texts,
        texts,
        texts,
        texts,
        flags=names,
        complained_of=names,
        reply_by=st.none() | instants,
        narrative=st.none() | texts,
        customer=st.none() | st.dictionaries(texts, texts, max_size=2),
    ),
    st.builds(InvestigationCompleted, texts, st.booleans(), st.none() | texts, st.none() | names),
    st.builds(CallbackAgreed, instants, st.booleans(), st.none() | st.integers(1)),
    st.builds(ReminderIssued, texts, st.integers(1), st.integers(0), texts, instants, instants, st.integers(0)),
)


@given(events)
def test_what_is_written_is_what_is_read(event: Event) -> None:
    clear, sealed = encode(event)
    assert decode(event.TYPE, json.loads(json.dumps({**clear, **sealed}))) == event


def test_personal_data_is_kept_apart() -> None:
    event = ComplaintReceived(
        "phone", "north-street", "C-1", "a-agent", narrative="It kept my card.", customer={"name": "Ms. Chen"}
    )
    clear, sealed = encode(event)
    assert sealed == {"narrative": "It kept my card.", "customer": {"name": "Ms. Chen"}}
    assert not set(clear) & {"narrative", "customer"}


def test_without_its_sealed_part_an_event_still_reads() -> None:
    clear, _ = encode(ComplaintReceived("phone", "north-street", "C-1", "a-agent", narrative="…"))
    event = decode("complaint-received", clear)
    assert isinstance(event, ComplaintReceived)
    assert event.narrative is None


def test_times_keep_their_microseconds() -> None:
    at = MONDAY + timedelta(microseconds=1)
    clear, _ = encode(CallbackAgreed(at))
    assert decode("callback-agreed", clear) == CallbackAgreed(at)


def test_a_type_of_a_later_release_is_named() -> None:
    with pytest.raises(UnknownEventType, match="case-teleported"):
        decode("case-teleported", {})


def test_types_are_past_tense_kebab_case() -> None:
    assert all(name == name.lower() and "_" not in name and " " not in name for name in EVENT_TYPES)
