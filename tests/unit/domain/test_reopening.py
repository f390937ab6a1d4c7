"""Reopening: another cycle with fresh clocks, the owner kept, and no breach forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from amends_domain.commands import AgreeCallback, FollowUp, Reopen, Withdraw
from amends_domain.events import (
    ApologyGiven,
    CallbackMade,
    CaseReopened,
    ClosedUnsatisfied,
    CustomerConfirmed,
    CustomerDeclined,
    DeadlineBreached,
    Event,
    FollowedUp,
    InvestigationCompleted,
    MergedInto,
    ResolutionProposed,
)
from amends_domain.runs import Verdict
from tests.support.lives import HANDLER, MONDAY, OTHER_ID, Life, actor, life, received

AGENT = actor("agent")
UP_TO_PROPOSED: tuple[Event, ...] = (
    ApologyGiven("phone"),
    InvestigationCompleted("process_too_slow", True),
    ResolutionProposed("apology"),
)
ENDS: dict[str, tuple[Event, ...]] = {
    "followed-up": (*UP_TO_PROPOSED, CustomerConfirmed("phone"), FollowedUp(3)),
    "closed-unsatisfied": (*UP_TO_PROPOSED, CustomerDeclined("phone"), ClosedUnsatisfied(("a", "b"), "a-agent")),
    "merged": (MergedInto(str(OTHER_ID), "C-1"),),
}


def closed(how: str, **fields: object) -> Life:
    case = life().happened(received(**fields)).later(hours=1)
    return case.does(Withdraw("phone", "Settled."), AGENT) if how == "withdrawn" else case.happened(*ENDS[how])


@pytest.mark.parametrize("how", ["withdrawn", *ENDS])
@pytest.mark.parametrize("reason", ["overdue", "broken-promise", "passed-around", "recurrence", "new-facts"])
def test_any_closed_case_is_reopened_with_a_coded_reason(how: str, reason: str) -> None:
    case = closed(how).later(days=5)
    assert case.means(Reopen(reason, "Again."), AGENT) == (CaseReopened(reason, 2, text="Again."),)
    again = case.does(Reopen(reason), AGENT).told
    assert (again.status, again.cycle, again.owner) == ("received", 2, "a-agent")


def test_an_open_case_is_not_reopened() -> None:
    life().happened(received()).refuses(Reopen("overdue"), "illegal-state", AGENT)


def test_each_reopening_is_the_next_cycle() -> None:
    twice = closed("withdrawn").does(Reopen("overdue"), AGENT).does(Withdraw("phone", "…"), AGENT)
    assert twice.does(Reopen("recurrence"), AGENT).told.cycle == 3


def test_a_reopened_case_has_fresh_clocks_and_its_old_ones_are_over() -> None:
    again = closed("followed-up").later(days=20).does(Reopen("recurrence"), AGENT)
    fresh = {d.kind: d for d in again.deadlines() if d.status is Verdict.PENDING}
    assert {kind: d.due_at - again.now for kind, d in fresh.items()} == {
        "apology": timedelta(hours=24),
        "callback": timedelta(days=7),
        "statutory": timedelta(days=15),
    }
    assert {d.cycle for d in fresh.values()} == {2}
    assert all(d.ended_at is not None for d in again.deadlines() if d.cycle == 1)


def test_reopening_erases_no_breach_recorded_or_not() -> None:
    late = life().happened(received()).later(hours=30)
    for case in (late.fired(), late):
        again = case.does(Withdraw("phone", "…"), AGENT).later(days=1).does(Reopen("overdue"), AGENT).fired()
        assert [d.status for d in again.runs("apology")] == [Verdict.BREACHED, Verdict.PENDING]


def test_a_breach_owed_when_the_case_was_closed_is_still_recorded_after_it_is_reopened() -> None:
    again = (
        life().happened(received()).later(hours=30).does(Withdraw("phone", "…"), AGENT).does(Reopen("overdue"), AGENT)
    )
    owed = next(f for f in again.firings() if f.deadline.kind == "apology")
    assert (type(owed.event), owed.deadline.generation) == (DeadlineBreached, 1)


def test_a_reopened_case_is_closed_again_by_its_own_clocks_only() -> None:
    again = closed("withdrawn").later(days=1).does(Reopen("overdue"), AGENT).happened(ApologyGiven("phone"))
    assert [(d.cycle, d.status) for d in again.runs("apology")] == [(1, Verdict.CANCELLED), (2, Verdict.MET)]


def test_the_wish_for_a_reply_of_the_first_cycle_does_not_move_the_second() -> None:
    case = closed("withdrawn", reply_by=MONDAY + timedelta(days=2))
    assert case.runs("callback")[0].due_at == MONDAY + timedelta(days=2)
    again = case.later(hours=1).does(Reopen("overdue"), AGENT)
    assert again.told.reply_by is None
    assert again.deadline("callback").due_at == again.now + timedelta(days=7)


def test_a_callback_of_the_first_cycle_is_not_the_second_ones() -> None:
    called = life().happened(received(), CallbackMade("outbound", "phone", True))
    again = called.does(Withdraw("phone", "…"), AGENT).later(days=1).does(Reopen("overdue"), AGENT)
    assert again.deadline("callback").status is Verdict.PENDING
    assert again.does(AgreeCallback(again.now + timedelta(days=2)), AGENT)


def test_a_contact_of_the_first_cycle_extends_nothing_in_the_second() -> None:
    called = life().happened(received(), CallbackMade("outbound", "phone", True, reason_explained=True))
    again = called.does(Withdraw("phone", "…"), AGENT).later(days=1).does(Reopen("overdue"), AGENT)
    cited = AgreeCallback(again.now + timedelta(days=8), again.told.contacts[0].position)
    again.refuses(cited, "contact-already-used", AGENT)


def test_what_was_proposed_and_declined_before_is_over() -> None:
    again = closed("closed-unsatisfied").does(Reopen("new-facts"), AGENT).told
    assert (again.proposal, again.declines, again.closure_approvals) == (None, 0, ())


def test_flags_grade_and_staff_complained_of_are_kept() -> None:
    again = closed("withdrawn", flags=("complex",), grade="major", complained_of=("s-17",)).does(
        Reopen("overdue"), AGENT
    )
    assert (again.told.flags, again.told.grade, again.told.complained_of) == (("complex",), "major", ("s-17",))
    assert again.deadline("statutory").due_at == again.now + timedelta(days=30)


def test_the_owner_stays_liable_when_the_customer_of_an_unsatisfied_closure_comes_back() -> None:
    assert closed("closed-unsatisfied").does(Reopen("overdue"), HANDLER).told.owner == "a-agent"


def test_a_case_from_the_past_starts_its_clocks_when_it_is_reopened() -> None:
    past = life().happened(received(historical=True), occurred_at=MONDAY - timedelta(days=900))
    assert past.deadlines() == ()
    again = past.does(Withdraw("phone", "…"), AGENT).does(Reopen("recurrence"), AGENT)
    assert {d.kind for d in again.deadlines()} == {"apology", "callback", "statutory"}


def test_a_case_is_reopened_and_followed_up_once_more() -> None:
    again = closed("followed-up").does(Reopen("recurrence"), AGENT)
    done = again.happened(*UP_TO_PROPOSED, CustomerConfirmed("phone")).does(FollowUp(True, 10), AGENT)
    assert (done.told.cycle, done.told.satisfaction) == (2, 10)
