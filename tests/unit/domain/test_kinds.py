"""Record kinds: only complaints run the life cycle; the others carry contacts and promises and may become one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from amends_domain.commands import (
    Act,
    AddNote,
    AgreeCallback,
    Apologize,
    Assign,
    ChangeFlags,
    Classify,
    Escalate,
    HandOver,
    Investigate,
    KeepPromise,
    MakePromise,
    PromiseToCustomer,
    RecordContact,
    Withdraw,
)
from amends_domain.events import CaseClassified, CaseReopened, DeadlineBreached, GradeRaised, Reclassified
from amends_domain.runs import Verdict
from amends_domain.transitions import allowed
from tests.support.lives import HANDLER, HEAD, MONDAY, Life, actor, life, receive, received
from tests.support.policy_documents import build, document

OTHER_KINDS = ["inquiry", "suggestion", "praise"]
LIFE_CYCLE = {
    "apologize",
    "investigate",
    "propose",
    "approve",
    "reject",
    "confirm",
    "decline",
    "on-the-spot",
    "follow-up",
    "review",
    "close-unsatisfied",
}
AGENT = actor("agent")
TOMORROW = MONDAY + timedelta(days=1)
TO_COMPLAINT = Classify(kind="complaint", reason="The customer insists.")


def given(kind: str = "inquiry", **fields: object) -> Life:
    return life().happened(received(kind=kind, **fields))


def promised() -> Life:
    return given().does(MakePromise("I find out.", TOMORROW), AGENT)


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_only_complaints_run_the_life_cycle(kind: str) -> None:
    assert not LIFE_CYCLE & set(allowed(given(kind).told))
    assert kind in given(kind).refuses(Apologize("phone", "Sorry."), "not-a-complaint")
    given(kind).refuses(Investigate("…", "x", True), "not-a-complaint")


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_the_others_carry_contacts_and_promises(kind: str) -> None:
    case = given(kind)
    for command in (
        RecordContact("inbound", "phone", True, "…", promise=PromiseToCustomer("I call.", TOMORROW)),
        MakePromise("I call.", TOMORROW),
        KeepPromise(1),
        AgreeCallback(TOMORROW),
        Assign("s-7"),
        ChangeFlags(("vulnerable",)),
        Act("leaflet_sent"),
        Escalate("…"),
        AddNote("…"),
        HandOver(to_department="cards"),
    ):
        case = case.does(command, HEAD)
    assert case.does(Withdraw("phone", "Answered."), HANDLER).told.status == "withdrawn"


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_the_clocks_of_the_life_cycle_are_for_complaints(kind: str) -> None:
    assert given(kind).deadlines() == ()


def test_a_callback_agreed_on_an_inquiry_is_a_clock_too() -> None:
    assert given().does(AgreeCallback(TOMORROW)).deadline("callback").due_at == TOMORROW


def test_a_clock_whose_rule_asks_for_the_kind_runs_on_that_kind() -> None:
    clocks = {
        **document()["clocks"],
        "answer": {"from": "complaint-received", "stop": ["callback-made"], "due": "24h", "when": {"kind": "inquiry"}},
    }
    policy = build(clocks=clocks)
    assert [d.kind for d in life(policy).happened(received(kind="inquiry")).deadlines()] == ["answer"]
    assert "answer" not in [d.kind for d in life(policy).happened(received()).deadlines()]


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_the_others_can_be_turned_into_complaints(kind: str) -> None:
    assert given(kind).means(TO_COMPLAINT, AGENT) == (Reclassified("complaint", kind, reason="The customer insists."),)
    assert given(kind).does(TO_COMPLAINT, AGENT).does(Apologize("phone", "Sorry."), AGENT)


def test_what_becomes_a_complaint_has_fresh_clocks_from_then_on() -> None:
    complaint = given().later(days=3).does(TO_COMPLAINT, AGENT)
    assert complaint.deadline("apology").due_at == complaint.now + timedelta(hours=24)
    assert {d.kind for d in complaint.deadlines()} == {"apology", "callback", "statutory"}


def test_a_callback_that_was_agreed_before_stays_agreed() -> None:
    complaint = given().does(AgreeCallback(TOMORROW)).later(hours=1).does(TO_COMPLAINT, AGENT)
    assert complaint.deadline("callback").due_at == TOMORROW


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_a_complaint_is_never_renamed(kind: str) -> None:
    given("complaint").refuses(Classify(kind=kind, reason="It was only a question."), "kind-never-lowered")


def test_an_inquiry_may_turn_out_to_be_a_suggestion() -> None:
    assert given().does(Classify(kind="suggestion", reason="…"), AGENT).deadlines() == ()


def test_what_it_turns_out_to_be_about_counts_from_then_too() -> None:
    told = Classify(kind="complaint", type="atm_card_or_cash", cause="cash_jam", reason="It kept the money.")
    complaint = given().later(days=1).does(told, AGENT)
    # Five business days after Tuesday.
    assert complaint.deadline("cash_jam").due_at == MONDAY.replace(day=10, hour=9, minute=30)


def test_a_grade_is_judged_anew_when_a_record_becomes_a_complaint() -> None:
    policy = build(grades=[{"grade": "major", "when": {"kind": "complaint", "branch": "north-street"}}])
    inquiry = life(policy).does(receive(kind="inquiry"), AGENT)
    assert inquiry.told.grade == "ordinary"
    assert inquiry.means(TO_COMPLAINT, AGENT)[1] == GradeRaised("major", "ordinary", by_rule=True)


# A broken promise on an inquiry.


def test_a_broken_promise_on_an_inquiry_turns_it_into_a_complaint() -> None:
    broken = promised().later(hours=25).fired()
    assert broken.told.kind == "complaint"
    what_followed = [m.type for m in broken.told.marks if m.type in (DeadlineBreached.TYPE, Reclassified.TYPE)]
    assert what_followed == [DeadlineBreached.TYPE, Reclassified.TYPE]
    assert broken.fired() == broken


def test_a_broken_promise_gives_the_complaint_its_clocks_from_when_it_was_broken() -> None:
    late = promised().later(days=3).fired()
    assert late.deadline("statutory").due_at == TOMORROW + timedelta(days=15)
    assert late.deadline("apology").status is Verdict.BREACHED


def test_the_event_says_which_promise_was_broken() -> None:
    firing = next(
        f
        for f in promised().later(hours=24).happened(DeadlineBreached("promise", 1, TOMORROW)).firings()
        if isinstance(f.event, Reclassified)
    )
    assert firing.event == Reclassified("complaint", "inquiry", broken_promise=1)
    assert firing.at == TOMORROW


def test_it_does_so_whether_the_timers_or_the_keeping_came_first() -> None:
    kept_too_late = promised().later(hours=25).does(KeepPromise(1), AGENT)
    assert kept_too_late.fired().told.kind == "complaint"


def test_a_promise_kept_in_time_leaves_an_inquiry_one() -> None:
    assert promised().later(hours=24).does(KeepPromise(1), AGENT).later(days=9).fired().told.kind == "inquiry"


@pytest.mark.parametrize("kind", ["complaint", "suggestion", "praise"])
def test_a_broken_promise_changes_no_other_kind(kind: str) -> None:
    case = given(kind).does(MakePromise("…", TOMORROW), AGENT).later(days=2).fired()
    assert case.told.kind == kind
    assert case.deadline("promise").status is Verdict.BREACHED


def test_an_inquiry_that_was_withdrawn_meanwhile_stays_one() -> None:
    withdrawn = promised().later(hours=25).does(Withdraw("phone", "Forget it."), AGENT)
    assert withdrawn.fired().told.kind == "inquiry"
    reopened = withdrawn.later(days=1).happened(CaseReopened("new-facts", 2))
    assert reopened.fired().told.kind == "inquiry"


def test_classifying_an_inquiry_leaves_its_kind() -> None:
    assert [type(e) for e in given().means(Classify(type="waiting_time"), AGENT)] == [CaseClassified]
