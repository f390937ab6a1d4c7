"""How long a clock runs: statutory terms, urgent variants, the customer's own time, and moving a clock that runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from amends_domain.commands import Act, ChangeFlags, Confirm, Extend, Retime, Withdraw
from amends_domain.events import (
    ActionTaken,
    ApologyGiven,
    CallbackMade,
    ClosedUnsatisfied,
    CustomerConfirmed,
    DeadlineBreached,
    DeadlineExtended,
    DeadlineRetimed,
    Event,
    FlagsChanged,
    FollowedUp,
    InvestigationCompleted,
    ReminderIssued,
    ResolutionProposed,
)
from amends_domain.policy import Policy
from amends_domain.runs import Verdict
from tests.support.lives import HANDLER, HEAD, MONDAY, Life, actor, life, received
from tests.support.policy_documents import NO_HOLIDAYS, build, document

SUPERVISOR = actor("supervisor")
EXECUTIVE = actor("executive")
APPROVED = Extend("statutory", "Two banks are involved.")
COMPLEX = ChangeFlags(("complex",))


def days(count: int) -> datetime:
    return MONDAY + timedelta(days=count)


def given(**fields: Any) -> Life:
    return life().happened(received(**fields))


def close_of_business(day: int) -> datetime:
    """17:30 in Shanghai on that day of March 2026."""
    return datetime(2026, 3, day, 9, 30, tzinfo=UTC)


# The statutory decision: 15 days, 30 if flagged complex, +30 with a head's approval.


@pytest.mark.parametrize(("flags", "due"), [((), 15), (("complex",), 30), (("vulnerable",), 15)])
def test_the_decision_is_due_in_15_days_or_30_when_complex(flags: tuple[str, ...], due: int) -> None:
    assert given(flags=flags).deadline("statutory").due_at == days(due)


def test_a_case_flagged_complex_later_has_30_days_from_the_start() -> None:
    first, second = given().later(days=10).does(COMPLEX, HANDLER).runs("statutory")
    assert (first.status, first.due_at) == (Verdict.EXTENDED, days(15))
    assert (second.status, second.due_at, second.origin) == (Verdict.PENDING, days(30), MONDAY)


def test_a_heads_approval_adds_another_30_days() -> None:
    case = given(flags=("complex",)).later(days=20)
    assert case.means(APPROVED, HEAD) == (
        DeadlineExtended("statutory", 1, days(60), days(30), "a-department_head", reason="Two banks are involved."),
    )
    assert case.does(APPROVED, HEAD).deadline("statutory").due_at == days(60)


def test_the_terms_are_taken_in_order() -> None:
    assert "complex" in given().refuses(APPROVED, "extension-not-allowed", HEAD)


def test_after_the_last_term_there_is_no_longer_one() -> None:
    given(flags=("complex",)).does(APPROVED, HEAD).refuses(APPROVED, "extension-not-allowed", HEAD)


def test_a_longer_term_takes_the_head_whom_the_policy_names_or_somebody_higher() -> None:
    case = given(flags=("complex",))
    case.refuses(APPROVED, "beyond-authority", SUPERVISOR)
    case.refuses(APPROVED, "role-not-allowed", HANDLER)
    assert case.does(APPROVED, EXECUTIVE).deadline("statutory").due_at == days(60)


def test_a_term_is_given_before_the_clock_expires_never_after() -> None:
    late = given(flags=("complex",)).later(days=31)
    assert "before it expires" in late.refuses(APPROVED, "deadline-expired", HEAD)
    late.fired().refuses(APPROVED, "clock-not-running", HEAD)


def test_a_flag_that_comes_after_the_clock_expired_extends_nothing() -> None:
    late = given().later(days=16).happened(FlagsChanged(("complex",)))
    assert late.deadline("statutory").due_at == days(15)
    assert late.fired().deadline("statutory").status is Verdict.BREACHED


def test_taking_the_flag_away_moves_nothing_back() -> None:
    case = given(flags=("complex",)).does(ChangeFlags(remove=("complex",)), HANDLER)
    assert case.deadline("statutory").due_at == days(30)


DECIDED: tuple[Event, ...] = (
    ApologyGiven("phone"),
    InvestigationCompleted("process_too_slow", True),
    ResolutionProposed("apology"),
)


@pytest.mark.parametrize("end", [CustomerConfirmed("phone"), ClosedUnsatisfied(("a", "b"), "a-agent")])
def test_a_decision_is_one_that_the_customer_or_two_approvals_took(end: Event) -> None:
    assert given().happened(*DECIDED).deadline("statutory").status is Verdict.PENDING
    assert given().happened(*DECIDED, end).deadline("statutory").status is Verdict.MET


def test_withdrawal_ends_the_statutory_clock() -> None:
    assert given().does(Withdraw("phone", "Settled."), HANDLER).deadline("statutory").status is Verdict.CANCELLED


# PSD2-like: 15 business days, 35 at most with a holding reply.


REPLY = {
    "from": "complaint-received",
    "stop": ["action:decision_sent"],
    "due": "15bd",
    "extend": [{"to": "35bd", "requires": {"action": "holding_reply_sent"}}],
}


def replying() -> Life:
    return life(build(clocks={**document()["clocks"], "reply": REPLY})).happened(received())


def test_a_holding_reply_moves_the_reply_to_35_business_days() -> None:
    case = replying()
    assert case.deadline("reply").due_at == close_of_business(23)
    assert case.later(days=3).does(Act("other_letter"), HANDLER).deadline("reply").due_at == close_of_business(23)
    replied = case.later(days=3).does(Act("holding_reply_sent"), HANDLER)
    assert replied.deadline("reply").due_at == datetime(2026, 4, 20, 9, 30, tzinfo=UTC)


def test_a_holding_reply_sent_too_late_moves_nothing() -> None:
    late = replying().later(days=22).does(Act("holding_reply_sent"), HANDLER)
    assert late.deadline("reply").due_at == close_of_business(23)


def test_a_term_by_action_is_nobodys_to_approve() -> None:
    replying().refuses(Extend("reply", "…"), "extension-not-allowed", HEAD)


# Cash that a machine kept, and cards.

JAM = {"type": "atm_card_or_cash", "cause": "cash_jam"}


def test_a_cash_jam_is_refunded_within_5_business_days_and_warned_of_at_3() -> None:
    case = given(**JAM)
    assert case.deadline("cash_jam").due_at == close_of_business(9)
    warned = [f.at for f in case.firings() if isinstance(f.event, ReminderIssued) and f.deadline.kind == "cash_jam"]
    assert warned == [close_of_business(5)]
    assert case.later(days=1).does(Act("refund_made"), HANDLER).deadline("cash_jam").status is Verdict.MET


def test_an_urgent_cash_jam_is_refunded_the_same_day() -> None:
    assert given(**JAM, flags=("urgent",)).deadline("cash_jam").due_at == close_of_business(2)


def test_one_that_becomes_urgent_later_is_refunded_the_same_day_from_then() -> None:
    first, second = given(**JAM).later(days=2).does(ChangeFlags(("urgent",)), HANDLER).runs("cash_jam")
    assert first.status is Verdict.EXTENDED
    assert (second.due_at, second.status) == (close_of_business(4), Verdict.PENDING)


def test_urgent_never_makes_a_clock_longer() -> None:
    evening = given(**JAM).at(close_of_business(9) - timedelta(minutes=10)).does(ChangeFlags(("urgent",)), HANDLER)
    assert evening.deadline("cash_jam").due_at == close_of_business(9)


def test_no_other_flag_and_no_other_event_hurries_a_clock() -> None:
    case = given(**JAM).does(ChangeFlags(("vulnerable",)), HANDLER).happened(ApologyGiven("phone"))
    assert len(case.runs("cash_jam")) == 1


def test_then_the_customer_is_called_when_the_account_is_put_right() -> None:
    case = given(**JAM)
    assert case.runs("refund_call") == []
    refunded = case.does(Act("refund_made"), HANDLER)
    assert refunded.deadline("refund_call").due_at == close_of_business(2)
    called = refunded.happened(CallbackMade("outbound", "phone", True))
    assert called.deadline("refund_call").status is Verdict.MET


def test_a_retained_card_is_the_customers_to_collect_in_3_business_days_from_being_told() -> None:
    case = given(type="atm_card_or_cash", cause="card_retained")
    assert case.runs("retained_card") == []
    told = case.does(Act("customer_told"), HANDLER)
    deadline = told.deadline("retained_card")
    assert (deadline.due_at, deadline.is_customers) == (close_of_business(5), True)
    assert told.does(Act("card_collected"), HANDLER).deadline("retained_card").status is Verdict.MET


def test_the_customer_is_reminded_1_business_day_before_the_card_lapses() -> None:
    told = given(type="atm_card_or_cash", cause="card_retained").does(Act("customer_told"), HANDLER)
    owed = [f for f in told.firings() if f.deadline.kind == "retained_card"]
    assert [(type(f.event), f.at, f.event.owed_by) for f in owed if hasattr(f.event, "owed_by")] == [
        (ReminderIssued, close_of_business(4), "customer"),
        (DeadlineBreached, close_of_business(5), "customer"),
    ]


def test_the_follow_up_is_due_3_business_days_after_the_customer_confirmed() -> None:
    confirmed = given().happened(*DECIDED).does(Confirm("phone"), HANDLER)
    assert confirmed.deadline("follow_up").due_at == close_of_business(5)
    assert confirmed.happened(FollowedUp(9)).deadline("follow_up").status is Verdict.MET


def test_clocks_do_not_pause() -> None:
    waiting = given().later(days=3).happened(*DECIDED).later(days=5).fired()
    assert waiting.deadline("statutory").due_at == days(15)


# Moving a clock that runs to another version of the policy takes an explicit event.

STRICTER = build(
    version=4, clocks={**document()["clocks"], "apology": {**document()["clocks"]["apology"], "due": "12h"}}
)
RETIME = Retime("apology", "The new service standard.")


def old_case() -> Life:
    return life(build()).happened(received())


def test_publishing_a_new_version_changes_nothing_that_runs() -> None:
    case = old_case().under(STRICTER).later(hours=1)
    assert case.deadline("apology").due_at == MONDAY + timedelta(hours=24)
    assert case.happened(FlagsChanged(("vulnerable",))).deadline("apology").due_at == MONDAY + timedelta(hours=24)


def test_an_explicit_event_moves_an_open_clock_to_the_policy_in_force() -> None:
    case = old_case().under(STRICTER).later(hours=1)
    twelve, twenty_four = MONDAY + timedelta(hours=12), MONDAY + timedelta(hours=24)
    assert case.means(RETIME, HEAD) == (
        DeadlineRetimed("apology", 1, twelve, twenty_four, reason="The new service standard."),
    )
    old, new = case.does(RETIME, HEAD).runs("apology")
    assert (old.status, old.due_at, old.policy) == (Verdict.EXTENDED, twenty_four, build().hash)
    assert (new.status, new.due_at, new.policy) == (Verdict.PENDING, twelve, STRICTER.hash)


def test_only_heads_move_a_clock_to_another_policy() -> None:
    old_case().under(STRICTER).refuses(RETIME, "role-not-allowed", SUPERVISOR)


def test_a_clock_is_not_moved_to_a_time_that_has_passed() -> None:
    old_case().under(STRICTER).later(hours=13).refuses(RETIME, "in-the-past", HEAD)


def test_a_clock_that_expired_is_not_moved() -> None:
    old_case().under(STRICTER).later(hours=25).refuses(RETIME, "deadline-expired", HEAD)


def test_by_the_same_policy_there_is_nothing_to_move() -> None:
    old_case().refuses(RETIME, "nothing-changes", HEAD)


def test_what_the_customer_agreed_to_or_was_promised_is_no_policys_to_move() -> None:
    old_case().under(STRICTER).refuses(Retime("callback", "…"), "no-such-clock", HEAD)


def test_a_clock_that_does_not_run_is_not_moved() -> None:
    old_case().happened(ApologyGiven("phone")).under(STRICTER).refuses(RETIME, "clock-not-running", HEAD)


def test_a_retimed_clock_keeps_the_longer_term_that_it_was_given() -> None:
    terms = {**document()["clocks"]["statutory"], "extend": [{"to": "28d", "requires": {"flag": "complex"}}]}
    shorter = build(version=4, clocks={**document()["clocks"], "statutory": terms})
    case = life(build()).happened(received()).does(COMPLEX, HANDLER).under(shorter).later(days=1)
    assert case.does(Retime("statutory", "…"), HEAD).deadline("statutory").due_at == days(28)


def test_days_that_nobody_has_published_yet_make_a_deadline_provisional_until_it_is_retimed() -> None:
    unknown = Policy.build(document(), {**NO_HOLIDAYS, "known_through": "2026-03-01"})
    known = Policy.build(document(), NO_HOLIDAYS)
    case = life(unknown).happened(received(type="atm", cause="cash_jam"))
    assert case.deadline("cash_jam").provisional
    retimed = case.under(known).does(Retime("cash_jam", "The year is published."), HEAD)
    assert not retimed.deadline("cash_jam").provisional
    still = case.under(Policy.build(document(), {**NO_HOLIDAYS, "known_through": "2026-03-02"})).does(
        Retime("cash_jam", "…"), HEAD
    )
    assert still.deadline("cash_jam").provisional


def test_a_deadline_closed_after_it_was_moved_ends_as_met() -> None:
    moved = old_case().under(STRICTER).does(RETIME, HEAD).later(hours=3).happened(ApologyGiven("phone"))
    assert [d.status for d in moved.runs("apology")] == [Verdict.EXTENDED, Verdict.MET]
    assert moved.happened(ActionTaken("anything")).deadline("apology").status is Verdict.MET
