"""What a message says, and what none ever says."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import orjson
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_binary_event
from hypothesis import given
from hypothesis import strategies as st

from amends_domain.case import Case
from amends_domain.event_codec import EVENT_TYPES, decode, encode
from amends_domain.events import (
    CallbackAgreed,
    CaseEscalated,
    CaseLinked,
    ClosedUnsatisfied,
    ComplaintReceived,
    CountermeasurePlanned,
    DeadlineBreached,
    DeadlineExtended,
    EntryCorrected,
    Event,
    HandOffAccepted,
    IncidentClosed,
    IncidentOpened,
    OwnerAssigned,
    PromiseMade,
    ProposalApproved,
    Recorded,
    ReminderIssued,
    ResolutionProposed,
)
from amends_domain.evolve import evolve
from amends_domain.reference import reference_of
from amends_notifier.asyncapi import Payload, payload_model
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
STEP = CaseEscalated(
    "department_manager", "deadline", "apology", 1, 3, AT + timedelta(hours=24), AT + timedelta(hours=33), 56
)
NOTICE = CaseEscalated("general_office", "notice")
INCIDENT = IncidentOpened("Ms. Chen and others", "cause", "cash_jam", "*", "policy", automatic=True)
BREACH = DeadlineBreached("apology", 1, AT + timedelta(hours=24), 34)


def told(event: Event, *, tenant: str = "default", position: int = 41, occurred_at: datetime = AT) -> Message:
    """The message of an event that follows what it must; a beginning is told by itself."""
    match event:
        case ComplaintReceived() | IncidentOpened():
            before: tuple[Event, ...] = ()
        case IncidentClosed():
            before = (INCIDENT,)
        case ProposalApproved():
            before = (RECEIVED, ResolutionProposed("refund"))
        case _:
            before = (RECEIVED,)
    return told_after(before, event, tenant=tenant, position=position, occurred_at=occurred_at)


def told_after(
    before: tuple[Event, ...],
    event: Event,
    *,
    tenant: str = "default",
    position: int = 41,
    occurred_at: datetime = AT,
) -> Message:
    case: Case | None = None
    for version, earlier in enumerate(before, 1):
        case = evolve(case, CASE_ID, Recorded(6 + version, version, earlier, AT, AT, None, "a-agent"))
    version = len(before) + 1
    case = evolve(case, CASE_ID, Recorded(position, version, event, occurred_at, AT, None, "a-agent"))
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
    assert {"customer_ref", "external_ref", "complained_of", "title"}.isdisjoint(ADDED[event])


@pytest.mark.parametrize("event", ADDED, ids=lambda event: event.TYPE)
def test_what_a_type_adds_never_hides_what_every_message_says(event: type[Event]) -> None:
    assert set(Payload.model_fields).isdisjoint(ADDED[event])


SECRET = "QXJ"
"""In every field that must not get out, and in no other."""


def of_any_type() -> st.SearchStrategy[Event]:
    """An event of any type with any values, and a secret wherever there can be one."""
    return st.sampled_from(list(ADDED)).flatmap(any_event)


def any_event(cls: type[Event]) -> st.SearchStrategy[Event]:
    hints = typing.get_type_hints(cls)
    values: dict[str, st.SearchStrategy[Any]] = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        if field.metadata.get("personal") or field.name in ("customer_ref", "external_ref", "title"):
            values[field.name] = st.just(SECRET)
        elif field.name == "complained_of":
            values[field.name] = st.just((SECRET,))
        else:
            values[field.name] = any_value(hints[field.name])
    return st.builds(cls, **values)


def any_value(hint: Any) -> st.SearchStrategy[Any]:
    known: dict[Any, st.SearchStrategy[Any]] = {
        str: st.sampled_from(["apology", "a.b c", "时钟", ""]),
        int: st.integers(0, 2**53),
        bool: st.booleans(),
        datetime: st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
        type(None): st.none(),
    }
    if isinstance(hint, types.UnionType):
        return st.one_of([any_value(option) for option in typing.get_args(hint)])
    if typing.get_origin(hint) is tuple:
        return st.lists(known[str], max_size=2).map(tuple)
    if typing.get_origin(hint) is Mapping:
        return st.dictionaries(known[str], known[int], max_size=2)
    return known[hint]


@given(of_any_type())
def test_no_type_ever_tells_what_is_personal(event: Event) -> None:
    message = told(event)
    assert SECRET not in f"{message.subject} {message.headers} {message.payload.decode()}"


@given(of_any_type())
def test_every_payload_is_exactly_what_its_schema_describes(event: Event) -> None:
    payload_model(type(event)).model_validate_json(told(event).payload)


@pytest.mark.parametrize("event", [OwnerAssigned("a-head", "t-teller"), HandOffAccepted("a-head", "t-teller")])
def test_staff_whom_the_complaint_names_are_named_by_no_message(event: Event) -> None:
    message = told(event)
    assert said(message)["previous_owner"] is None
    assert b"t-teller" not in message.payload


def test_a_message_names_no_staff_but_the_owner_and_the_one_before() -> None:
    for event in (
        ClosedUnsatisfied(("a-head", "an-executive"), liable="a-liable"),
        DeadlineExtended("statutory", 1, AT, AT, approved_by="a-head"),
        CountermeasurePlanned(1, owner="a-head", due_at=AT),
        PromiseMade(1, AT, promised_by="a-head"),
    ):
        assert said(told(event))["owner"] == "a-agent"
        assert b"a-head" not in told(event).payload


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


def test_a_step_of_the_ladder_goes_to_the_role_and_says_which_step_of_which_clock_it_is() -> None:
    message = told(STEP)
    assert message.subject == "amends.v1.default.escalation.department_manager"
    assert {
        "to": "department_manager",
        "cause": "deadline",
        "clock": "apology",
        "due_at": "2026-03-03T02:00:00.125000Z",
        "generation": 1,
        "step": 3,
        "fell_due_at": "2026-03-03T11:00:00.125000Z",
        "late_by_ms": 56,
    }.items() <= said(message).items()


def test_a_notice_goes_to_the_role_and_is_about_no_clock() -> None:
    message = told(NOTICE)
    assert message.subject == "amends.v1.default.escalation.general_office"
    assert {"cause": "notice", "clock": None, "due_at": None, "step": None}.items() <= said(message).items()


def test_a_reminder_to_the_customer_says_whose_it_is() -> None:
    theirs = dataclasses.replace(REMINDER, clock="retained_card", owed_by="customer")
    assert said(told(theirs))["owed_by"] == "customer"
    assert said(told(REMINDER))["owed_by"] is None


def test_a_promise_says_which_one_it_is_and_by_when() -> None:
    assert {"number": 2, "due_at": "2026-03-02T02:00:00.125000Z", "clock": None}.items() <= said(
        told(PromiseMade(2, AT, promised_by="a-agent"))
    ).items()


def test_an_incident_is_told_as_a_case_of_all_branches_by_codes_alone() -> None:
    message = told(INCIDENT, position=7)
    assert message.subject == "amends.v1.default.event.incident-opened"
    assert {
        "case_id": str(CASE_ID),
        "reference": reference_of(7),
        "branch": "*",
        "state": "received",
        "same": "cause",
        "value": "cash_jam",
        "automatic": True,
    }.items() <= said(message).items()
    assert b"Chen" not in message.payload
    assert said(told(IncidentClosed()))["state"] == "incident-closed"


def test_another_case_is_told_by_its_id_beside_the_own_reference() -> None:
    other = str(UUID(int=5))
    payload = said(told(CaseLinked(other, "K7M2-P9QX", "same-matter")))
    assert (payload["case"], payload["reference"], payload["relation"]) == (other, reference_of(7), "same-matter")


def test_a_correction_says_which_version_is_wrong_and_its_own_position() -> None:
    payload = said(told(EntryCorrected(corrects=3, position=9), position=41))
    assert (payload["corrects"], payload["position"]) == (3, 41)


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
    assert re.fullmatch(r"amends\.v1\.default\.escalation\.[A-Za-z0-9_%-]+", told(CaseEscalated(name, "asked")).subject)
    assert all(re.fullmatch(r"[\x21-\x7e]+", value) for value in message.headers.values())
