"""Agreeing on a callback, and moving it: only with the customer, only before it expires."""

from __future__ import annotations

from datetime import timedelta

from amends_domain.commands import AgreeCallback, RecordContact
from amends_domain.events import CallbackAgreed, CallbackMade, ContactAttempted, ContactRecorded
from amends_domain.runs import Verdict
from tests.support.lives import MONDAY, Life, actor, life, received

DUE = MONDAY + timedelta(days=2)
LATER = MONDAY + timedelta(days=4)
EXPLAINED = RecordContact("outbound", "phone", True, "The part has not come.", reason_explained=True)


def given() -> Life:
    """A case whose callback is agreed for Wednesday."""
    return life().happened(received()).later(minutes=5).does(AgreeCallback(DUE))


def contact_position(case: Life) -> int:
    assert case.case is not None
    return case.case.contacts[-1].position


def test_a_callback_is_agreed_freely_for_any_time_until_it_is_due() -> None:
    assert given().deadline("callback").due_at == DUE
    assert given().does(AgreeCallback(DUE - timedelta(hours=3))).deadline("callback").due_at == DUE - timedelta(hours=3)


def test_a_callback_is_never_agreed_for_the_past() -> None:
    given().refuses(AgreeCallback(MONDAY), "in-the-past")


def test_the_first_agreement_is_within_a_week_unless_the_customer_was_told_why_not() -> None:
    life().happened(received()).refuses(AgreeCallback(MONDAY + timedelta(days=8)), "extension-needs-contact")


def test_moving_it_later_needs_a_recorded_contact() -> None:
    assert "contact" in given().refuses(AgreeCallback(LATER), "extension-needs-contact")


def test_moving_it_later_needs_the_reason_to_have_been_explained() -> None:
    unexplained = given().does(RecordContact("inbound", "phone", True, "Asked when."))
    unexplained.refuses(AgreeCallback(LATER, contact_position(unexplained)), "reason-not-explained")


def test_moving_it_later_after_it_expired_is_refused() -> None:
    expired = given().does(EXPLAINED).later(days=3)
    reason = expired.refuses(AgreeCallback(LATER, contact_position(expired)), "deadline-expired")
    assert "before it expires" in reason


def test_an_agreed_extension_moves_the_deadline_and_replaces_the_old_one() -> None:
    contacted = given().later(hours=2).does(EXPLAINED)
    moved = contacted.does(AgreeCallback(LATER, contact_position(contacted)))
    old, new = [d for d in moved.deadlines() if d.kind == "callback"][-2:]
    assert (old.status, old.due_at) == (Verdict.EXTENDED, DUE)
    assert (new.status, new.due_at) == (Verdict.PENDING, LATER)


def test_one_contact_extends_once() -> None:
    contacted = given().does(EXPLAINED)
    moved = contacted.does(AgreeCallback(LATER, contact_position(contacted)))
    again = AgreeCallback(LATER + timedelta(days=1), contact_position(contacted))
    moved.refuses(again, "contact-already-used")


def test_an_extension_is_at_most_the_policys_week() -> None:
    contacted = given().does(EXPLAINED)
    at_most = DUE + timedelta(days=7)
    contacted.refuses(AgreeCallback(at_most + timedelta(seconds=1), contact_position(contacted)), "too-late")
    assert contacted.does(AgreeCallback(at_most, contact_position(contacted)))


def test_a_position_that_is_no_contact_with_the_customer_is_refused() -> None:
    given().refuses(AgreeCallback(LATER, 999), "no-such-contact")
    missed = given().does(RecordContact("outbound", "phone", False, "No answer.", reason_explained=True))
    missed.refuses(AgreeCallback(LATER, missed.position), "no-such-contact")


def test_contact_and_agreement_may_come_in_one_command() -> None:
    outcome = given().decided(
        RecordContact("inbound", "phone", True, "Agreed.", reason_explained=True, agreed_callback_at=LATER)
    )
    assert isinstance(outcome, tuple)
    assert [type(event) for event in outcome] == [ContactRecorded, CallbackAgreed]


def test_nobody_agrees_on_anything_with_a_customer_who_was_not_reached() -> None:
    given().refuses(
        RecordContact("outbound", "phone", False, "No answer.", reason_explained=True, agreed_callback_at=LATER),
        "customer-not-reached",
    )


def test_the_kind_of_contact_follows_from_direction_and_outcome() -> None:
    def kind(direction: str, reached: bool, explained: bool) -> type:
        outcome = given().decided(RecordContact(direction, "phone", reached, "…", reason_explained=explained))
        assert isinstance(outcome, tuple)
        return type(outcome[0])

    assert kind("outbound", reached=True, explained=False) is CallbackMade
    assert kind("outbound", reached=False, explained=False) is ContactAttempted
    # A customer who calls to ask has not been called back.
    assert kind("inbound", reached=True, explained=False) is ContactRecorded
    # Nor has one who was only told why the callback is late.
    assert kind("outbound", reached=True, explained=True) is ContactRecorded


def test_after_the_callback_another_may_be_agreed_within_a_week() -> None:
    called = given().does(RecordContact("outbound", "phone", True, "Called."))
    called.refuses(AgreeCallback(called.now + timedelta(days=7, seconds=1)), "too-late")
    assert called.does(AgreeCallback(LATER)).deadline("callback").due_at == LATER


def test_a_contact_carries_the_staff_id_of_whoever_spoke() -> None:
    for spoken_by, carried in [("s-0007", "s-0007"), (None, "a-agent")]:
        contact = RecordContact("inbound", "phone", True, "Asked again.", spoken_by=spoken_by)
        (event,) = life().happened(received()).means(contact, actor("agent"))
        assert isinstance(event, ContactRecorded)
        assert event.spoken_by == carried
