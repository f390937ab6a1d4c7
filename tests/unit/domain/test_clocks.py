"""Deadlines of a case: when they start, what stops them, and what the log still owes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from amends_domain.clocks import UnknownPolicy, obligations
from amends_domain.events import (
    ApologyGiven,
    CallbackAgreed,
    CallbackMade,
    CaseReopened,
    ComplaintWithdrawn,
    ContactAttempted,
    CustomerConfirmed,
    DeadlineBreached,
    FollowedUp,
    InvestigationCompleted,
    ReminderIssued,
    ResolutionProposed,
)
from amends_domain.runs import Verdict
from tests.support.lives import MONDAY, Life, life, received

APOLOGY_DUE = MONDAY + timedelta(hours=24)
CALLBACK_DUE = MONDAY + timedelta(days=7)
CALLED_BACK = CallbackMade("outbound", "phone", True)


def given() -> Life:
    return life().happened(received())


def owed(case: Life) -> list[tuple[str, int, str | None, datetime]]:
    """What the log owes of the two clocks that every case of these tests has."""
    return [
        (f.deadline.kind, f.deadline.generation, getattr(f.event, "warning", None), f.at)
        for f in case.firings()
        if f.deadline.kind in ("apology", "callback")
    ]


def test_a_complaint_starts_the_apology_and_the_callback_clock() -> None:
    assert {(d.kind, d.due_at, d.status) for d in given().deadlines()} >= {
        ("apology", APOLOGY_DUE, Verdict.PENDING),
        ("callback", CALLBACK_DUE, Verdict.PENDING),
    }


def test_warnings_and_breaches_are_owed_soonest_first() -> None:
    assert owed(given()) == [
        ("apology", 1, "75%", MONDAY + timedelta(hours=18)),
        ("apology", 1, None, APOLOGY_DUE),
        ("callback", 1, "24h before", CALLBACK_DUE - timedelta(hours=24)),
        ("callback", 1, "2h before", CALLBACK_DUE - timedelta(hours=2)),
        ("callback", 1, None, CALLBACK_DUE),
    ]


def test_a_clock_stopped_in_time_is_met_and_owes_nothing() -> None:
    after = given().later(hours=1).happened(ApologyGiven("phone"))
    assert after.deadline("apology").status is Verdict.MET
    assert [kind for kind, *_ in owed(after)] == ["callback"] * 3


def test_a_stop_at_the_very_instant_it_is_due_is_in_time() -> None:
    assert given().later(hours=24).happened(ApologyGiven("phone")).deadline("apology").status is Verdict.MET


def test_a_stop_recorded_too_late_leaves_a_breach_owed_and_no_reminder() -> None:
    after = given().later(hours=24, seconds=1).happened(ApologyGiven("phone"))
    deadline = after.deadline("apology")
    assert (deadline.status, deadline.breach_recorded) == (Verdict.BREACHED, False)
    assert ("apology", 1, None, APOLOGY_DUE) in owed(after)
    assert ("apology", 1, "75%", MONDAY + timedelta(hours=18)) not in owed(after)


def test_claiming_an_earlier_time_does_not_stop_a_clock_that_has_run_out() -> None:
    after = given().later(hours=25).happened(ApologyGiven("phone"), occurred_at=MONDAY + timedelta(hours=1))
    assert after.deadline("apology").status is Verdict.BREACHED


def test_the_clock_starts_when_the_customer_complained_not_when_it_was_entered() -> None:
    after = life().happened(received(), occurred_at=MONDAY - timedelta(hours=20))
    assert after.deadline("apology").due_at == MONDAY + timedelta(hours=4)


def test_a_breach_stays_a_breach_after_the_apology_came() -> None:
    breached = given().later(hours=24).happened(DeadlineBreached("apology", 1, APOLOGY_DUE))
    after = breached.later(hours=1).happened(ApologyGiven("phone"))
    deadline = after.deadline("apology")
    assert (deadline.status, deadline.breach_recorded) == (Verdict.BREACHED, True)
    assert deadline.ended_at == after.now
    assert "apology" not in [kind for kind, *_ in owed(after)]


def test_a_reminder_is_owed_once() -> None:
    warned_at = MONDAY + timedelta(hours=18)
    after = given().happened(ReminderIssued("apology", 1, 0, "75%", APOLOGY_DUE, warned_at))
    assert ("apology", 1, "75%", warned_at) not in owed(after)
    assert ("apology", 1, None, APOLOGY_DUE) in owed(after)


def test_withdrawing_cancels_what_runs() -> None:
    after = given().later(hours=1).happened(ComplaintWithdrawn("phone"))
    assert {d.status for d in after.deadlines()} == {Verdict.CANCELLED}
    assert owed(after) == []


def test_withdrawing_too_late_does_not_cancel_a_breach() -> None:
    after = given().later(hours=30).happened(ComplaintWithdrawn("phone"))
    assert after.deadline("apology").status is Verdict.BREACHED
    assert after.deadline("callback").status is Verdict.CANCELLED
    assert owed(after) == [("apology", 1, None, APOLOGY_DUE)]


def test_only_a_customer_who_was_reached_has_been_called_back() -> None:
    after = given().happened(ContactAttempted("outbound", "phone", False))
    assert after.deadline("callback").status is Verdict.PENDING
    assert after.happened(CALLED_BACK).deadline("callback").status is Verdict.MET


def test_an_agreed_time_replaces_the_week() -> None:
    at = MONDAY + timedelta(days=2)
    after = given().later(minutes=5).happened(CallbackAgreed(at))
    first, second = [d for d in after.deadlines() if d.kind == "callback"]
    assert (first.status, first.generation) == (Verdict.EXTENDED, 1)
    assert (second.status, second.generation, second.due_at) == (Verdict.PENDING, 2, at)
    assert {generation for kind, generation, *_ in owed(after) if kind == "callback"} == {2}


def test_an_agreement_recorded_after_the_time_had_passed_leaves_the_breach_owed() -> None:
    after = given().later(days=8).happened(CallbackAgreed(MONDAY + timedelta(days=9)))
    assert ("callback", 1, None, CALLBACK_DUE) in owed(after)


def test_a_callback_agreed_after_one_was_made_is_a_clock_of_its_own() -> None:
    after = given().happened(CALLED_BACK).later(hours=1).happened(CallbackAgreed(MONDAY + timedelta(days=1)))
    assert [(d.generation, d.status) for d in after.deadlines() if d.kind == "callback"] == [
        (1, Verdict.MET),
        (2, Verdict.PENDING),
    ]


def test_the_customers_own_wish_is_the_first_agreed_time_but_never_later_than_a_week() -> None:
    wish = MONDAY + timedelta(days=3)
    assert life().happened(received(reply_by=wish)).deadline("callback").due_at == wish
    assert life().happened(received(reply_by=wish + timedelta(days=9))).deadline("callback").due_at == CALLBACK_DUE


def test_warnings_that_fall_before_the_start_do_not_exist() -> None:
    after = given().happened(CallbackAgreed(MONDAY + timedelta(hours=3)))
    assert [warning for kind, _, warning, _ in owed(after) if kind == "callback"] == ["2h before", None]


def test_follow_up_runs_from_the_customers_confirmation_in_business_days() -> None:
    after = given().happened(
        ApologyGiven("phone"),
        InvestigationCompleted("process_too_slow", True),
        ResolutionProposed("refund"),
        CustomerConfirmed("phone"),
    )
    # Three business days after Monday: Thursday 17:30 in Shanghai.
    assert after.deadline("follow_up").due_at == datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
    assert after.happened(FollowedUp(9)).deadline("follow_up").status is Verdict.MET


def test_reopening_gives_fresh_clocks_and_erases_no_breach() -> None:
    breached = given().later(hours=24).happened(DeadlineBreached("apology", 1, APOLOGY_DUE))
    reopened = breached.happened(ComplaintWithdrawn("phone")).later(days=3).happened(CaseReopened("overdue", 2))
    runs = [(d.generation, d.cycle, d.status) for d in reopened.deadlines() if d.kind == "apology"]
    assert runs == [(1, 1, Verdict.BREACHED), (2, 2, Verdict.PENDING)]
    assert reopened.deadline("apology").due_at == reopened.now + timedelta(hours=24)


def test_a_case_from_the_past_starts_no_clocks_until_it_is_reopened() -> None:
    past = life().happened(received(historical=True), occurred_at=MONDAY - timedelta(days=900))
    assert past.happened(CallbackAgreed(MONDAY + timedelta(days=1))).deadlines() == ()
    reopened = past.happened(ComplaintWithdrawn("phone"), CaseReopened("recurrence", 2))
    assert {d.kind for d in reopened.deadlines()} >= {"apology", "callback"}


@pytest.mark.parametrize("kind", ["inquiry", "suggestion", "praise"])
def test_only_complaints_have_clocks(kind: str) -> None:
    assert life().happened(received(kind=kind)).deadlines() == ()


def test_a_policy_that_is_not_at_hand_is_an_error_and_not_a_case_without_deadlines() -> None:
    case = given().case
    assert case is not None
    with pytest.raises(UnknownPolicy):
        obligations(case, {})
