"""What a message says, and what none ever says."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import orjson
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_binary_event

from amends_domain.case import Case
from amends_domain.event_codec import EVENT_TYPES, decode, encode
from amends_domain.events import (
    CallbackAgreed,
    ComplaintReceived,
    DeadlineBreached,
    Event,
    OwnerAssigned,
    Recorded,
    ReminderIssued,
    ResolutionProposed,
)
from amends_domain.evolve import evolve
from amends_domain.reference import reference_of
from amends_notifier.asyncapi import payload_model
from amends_notifier.messages import ADDED, Message, message_of
from amends_store.records import StoredEvent

CASE_ID = UUID("01890000-0000-7000-8000-000000000001")
EVENT_ID = UUID("01890000-0000-7000-8000-0123456789ab")
TRACE = UUID("4bf92f35-77b3-4da6-a3ce-929d0e0e4736")
AT = datetime(2026, 3, 2, 2, 0, 0, 125_000, tzinfo=UTC)

RECEIVED = ComplaintReceived(
    channel="phone",
    branch="north-street",
    customer_ref="C-1",
    owner="a-agent",
    type="atm",
    flags=("urgent",),
    complained_of=("t-teller",),
    external_ref="CRM-77",
    narrative="It kept my card.",
    customer={"name": "Rosalind", "phone": "0991"},
)
REMINDER = ReminderIssued("apology", 1, 0, "75%", AT + timedelta(hours=24), AT + timedelta(hours=18), 12)
BREACH = DeadlineBreached("apology", 1, AT + timedelta(hours=24), 34)


def told(event: Event, *, tenant: str = "default", position: int = 41, occurred_at: datetime = AT) -> Message:
    """The message of an event that follows the complaint; a complaint is told by itself."""
    beginning = Recorded(7, 1, RECEIVED, AT, AT, None, "a-agent")
    case: Case = evolve(None, CASE_ID, beginning)
    version = 1
    if not isinstance(event, ComplaintReceived):
        version = 2
        case = evolve(case, CASE_ID, Recorded(position, 2, event, occurred_at, AT, None, "a-agent"))
    row = StoredEvent(
        position, CASE_ID, version, EVENT_ID, event.TYPE, 1, occurred_at, AT, tenant, "a-agent", TRACE, None, None,
        "{}", None, None, bytes(32),
    )  # fmt: skip
    return message_of(row, event, case)


def said(message: Message) -> dict[str, Any]:
    payload: dict[str, Any] = orjson.loads(message.payload)
    return payload


def test_every_event_type_says_what_it_adds() -> None:
    assert {event.TYPE for event in ADDED} == EVENT_TYPES


@pytest.mark.parametrize("event", ADDED, ids=lambda event: event.TYPE)
def test_nothing_that_is_sealed_and_no_key_of_a_person_is_added(event: type[Event]) -> None:
    fields = {field.name: field for field in dataclasses.fields(event)}  # type: ignore[arg-type]
    assert [name for name in ADDED[event] if fields[name].metadata.get("personal")] == []
    assert {"customer_ref", "external_ref", "complained_of", "customer", "narrative"}.isdisjoint(ADDED[event])


def test_a_complaint_says_what_it_is_about_and_nothing_of_the_customer() -> None:
    assert said(told(RECEIVED, position=7)) == {
        "case_id": str(CASE_ID),
        "reference": reference_of(7),
        "branch": "north-street",
        "owner": "a-agent",
        "grade": "ordinary",
        "state": "received",
        "clock": None,
        "due_at": None,
        "position": 7,
        "version": 1,
        "occurred_at": "2026-03-02T02:00:00.125000Z",
        "channel": "phone",
        "kind": "complaint",
        "type": "atm",
        "cause": None,
        "product": None,
        "severity": None,
        "desired_outcomes": [],
        "flags": ["urgent"],
        "reply_by": None,
        "historical": False,
    }


def test_a_reminder_says_which_clock_warns_when_it_is_due_and_how_late_the_warning_is() -> None:
    message = told(REMINDER)
    assert message.subject == "amends.v1.default.reminder.apology"
    assert {
        "clock": "apology",
        "due_at": "2026-03-03T02:00:00.125000Z",
        "generation": 1,
        "step": 0,
        "warning": "75%",
        "fell_due_at": "2026-03-02T20:00:00.125000Z",
        "late_by_ms": 12,
        "state": "received",
    }.items() <= said(message).items()


def test_a_breach_says_which_deadline_passed() -> None:
    message = told(BREACH)
    assert message.subject == "amends.v1.default.breach.apology"
    assert {"clock": "apology", "due_at": "2026-03-03T02:00:00.125000Z", "late_by_ms": 34}.items() <= said(
        message
    ).items()


def test_any_other_event_goes_to_the_subject_of_its_type() -> None:
    assert told(OwnerAssigned("b", "a-agent")).subject == "amends.v1.default.event.owner-assigned"


def test_a_message_tells_the_case_as_the_event_left_it() -> None:
    assert said(told(OwnerAssigned("a-handler", "a-agent")))["owner"] == "a-handler"


def test_a_field_that_an_event_lacks_is_null_not_absent() -> None:
    assert said(told(ResolutionProposed(kind="refund", amount="20.50")))["currency"] is None


def test_what_an_older_release_wrote_is_told_with_the_defaults_of_today() -> None:
    clear, _ = encode(CallbackAgreed(AT))
    del clear["extension"]
    assert said(told(decode("callback-agreed", clear)))["extension"] is False


@pytest.mark.parametrize("event", [RECEIVED, REMINDER, BREACH, CallbackAgreed(AT), ResolutionProposed("refund")])
def test_a_payload_is_exactly_what_its_schema_describes(event: Event) -> None:
    payload_model(type(event)).model_validate_json(told(event).payload)


def test_a_consumer_built_on_the_cloudevents_library_reads_the_headers() -> None:
    message = told(BREACH)
    event = from_binary_event(HTTPMessage(message.headers, message.payload))
    assert event.get_id() == str(EVENT_ID)
    assert event.get_source() == "/amends/default"
    assert event.get_type() == "deadline-breached"
    assert event.get_subject() == str(CASE_ID)
    assert event.get_time() == AT
    assert event.get_datacontenttype() == "application/json"
    assert event.get_data() == said(message)


def test_the_broker_knows_a_repeat_by_the_events_id() -> None:
    headers = told(BREACH).headers
    assert headers["Nats-Msg-Id"] == headers["ce-id"] == str(EVENT_ID)


def test_the_trace_is_that_of_the_request_that_caused_the_event() -> None:
    assert told(BREACH).headers["traceparent"] == "00-4bf92f3577b34da6a3ce929d0e0e4736-80000123456789ab-01"


def test_times_are_told_in_utc_wherever_they_came_from() -> None:
    shanghai = timezone(timedelta(hours=8))
    message = told(BREACH, occurred_at=AT.astimezone(shanghai))
    assert message.headers["ce-time"] == "2026-03-02T02:00:00.125000Z"
    assert said(message)["occurred_at"] == "2026-03-02T10:00:00.125000+08:00"


@pytest.mark.parametrize("name", ["a.b", "a b", "a>", "*", "a\r\nPUB x 0", "时钟", "100%"])
def test_no_name_can_leave_its_token_in_a_subject_or_break_a_header(name: str) -> None:
    message = told(DeadlineBreached(name, 1, AT), tenant=name)
    assert re.fullmatch(r"amends\.v1\.[A-Za-z0-9_%-]+\.breach\.[A-Za-z0-9_%-]+", message.subject)
    assert all(re.fullmatch(r"[\x21-\x7e]+", value) for value in message.headers.values())
