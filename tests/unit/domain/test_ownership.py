"""Who is answerable: first-inquiry duty, assignment, and hand-offs that count only when they are accepted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from amends_domain.commands import (
    AcceptHandOff,
    Apologize,
    Assign,
    FollowUp,
    HandOver,
    RefuseHandOff,
    Reopen,
    Withdraw,
)
from amends_domain.events import (
    CustomerConfirmed,
    HandOffAccepted,
    HandOffOffered,
    HandOffRefused,
    InvestigationCompleted,
    OwnerAssigned,
    ResolutionProposed,
)
from amends_domain.runs import Verdict
from tests.support.lives import HANDLER, HEAD, Life, actor, life, receive, received

AGENT = actor("agent")
SUPERVISOR = actor("supervisor")


def given() -> Life:
    """A case owned by the agent who took the call."""
    return life().happened(received())


def offered(**to: str) -> Life:
    return given().does(HandOver(**(to or {"to_department": "cards"}), reason="Yours."), AGENT)


@pytest.mark.parametrize("role", ["agent", "handler", "supervisor", "department_head"])
def test_whoever_takes_the_first_contact_owns_the_case(role: str) -> None:
    assert life().does(receive(), actor(role)).told.owner == f"a-{role}"


def test_assigning_names_the_new_owner_and_the_one_before() -> None:
    assert given().means(Assign("s-7", "On leave."), HANDLER) == (OwnerAssigned("s-7", "a-agent", reason="On leave."),)
    assert given().does(Assign("s-7"), HANDLER).told.owner == "s-7"


def test_a_case_is_not_given_to_the_owner_it_has() -> None:
    given().refuses(Assign("a-agent"), "already-owner")
    given().refuses(HandOver(to_person="a-agent"), "already-owner")


def test_until_a_hand_off_is_accepted_the_former_owner_still_owes_everything() -> None:
    case = offered()
    assert case.told.owner == "a-agent"
    assert case.told.hand_offs == 0
    assert [d.due_at for d in case.deadlines() if d.kind != "hand_off"] == [d.due_at for d in given().deadlines()]


def test_a_hand_off_counts_when_it_is_accepted() -> None:
    case = offered().does(AcceptHandOff(), HANDLER)
    assert (case.told.owner, case.told.hand_offs, case.told.hand_off) == ("a-handler", 1, None)
    assert offered().means(AcceptHandOff(), HANDLER) == (HandOffAccepted("a-handler", "a-agent"),)


def test_hand_offs_are_counted_over_the_life_of_a_case() -> None:
    twice = offered().does(AcceptHandOff(), HANDLER).does(HandOver(to_person="a-supervisor"), HANDLER)
    assert twice.does(AcceptHandOff(), SUPERVISOR).told.hand_offs == 2


def test_a_refused_hand_off_does_not_count_and_changes_no_owner() -> None:
    case = offered().does(RefuseHandOff("Not ours."), HANDLER)
    assert (case.told.owner, case.told.hand_offs, case.told.hand_off) == ("a-agent", 0, None)
    assert offered().means(RefuseHandOff("Not ours."), HANDLER) == (HandOffRefused("a-handler", reason="Not ours."),)


def test_a_refused_case_may_be_offered_again() -> None:
    assert offered().does(RefuseHandOff("Not ours."), HANDLER).does(HandOver(to_department="loans"), AGENT)


def test_a_case_offered_to_a_person_is_accepted_by_that_person_only() -> None:
    case = offered(to_person="a-handler")
    assert "a-handler" in case.refuses(AcceptHandOff(), "not-the-receiver", SUPERVISOR)
    assert case.does(AcceptHandOff(), HANDLER).told.owner == "a-handler"


def test_a_case_offered_to_a_person_is_refused_by_that_person_or_taken_back() -> None:
    case = offered(to_person="a-handler")
    case.refuses(RefuseHandOff("No."), "not-the-receiver", SUPERVISOR)
    assert case.does(RefuseHandOff("No."), HANDLER).told.hand_off is None
    assert case.does(RefuseHandOff("My mistake."), AGENT).told.hand_off is None


def test_an_agent_takes_back_their_own_offer_but_does_not_answer_for_a_department() -> None:
    assert offered().does(RefuseHandOff("My mistake."), AGENT).told.hand_off is None
    by_somebody_else = given().does(Assign("s-7"), HANDLER).does(HandOver(to_department="cards"), HANDLER)
    assert "cards" in by_somebody_else.refuses(RefuseHandOff("No."), "not-the-receiver", AGENT)


def test_an_agent_takes_calls_and_is_handed_no_cases() -> None:
    offered(to_person="a-agent-2").refuses(AcceptHandOff(), "role-not-allowed", AGENT)


def test_the_owner_does_not_accept_their_own_case() -> None:
    given().does(Assign("a-handler"), HEAD).does(HandOver(to_department="cards"), HANDLER).refuses(
        AcceptHandOff(), "already-owner", HANDLER
    )


def test_one_hand_off_at_a_time_and_no_assigning_meanwhile() -> None:
    offered().refuses(HandOver(to_department="loans"), "hand-off-pending")
    offered().refuses(Assign("s-7"), "hand-off-pending")


@pytest.mark.parametrize("command", [AcceptHandOff(), RefuseHandOff("No.")], ids=["accept", "refuse"])
def test_without_an_offer_there_is_nothing_to_accept_or_refuse(command: AcceptHandOff | RefuseHandOff) -> None:
    assert "hand-off" in given().refuses(command, "illegal-state", HANDLER)


def test_the_receiving_department_accepts_or_refuses_within_one_business_day() -> None:
    # Offered on Monday: close of business on Tuesday, 17:30 in Shanghai.
    assert offered().deadline("hand_off").due_at == datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
    assert offered().does(AcceptHandOff(), HANDLER).deadline("hand_off").status is Verdict.MET
    assert offered().does(RefuseHandOff("No."), HANDLER).deadline("hand_off").status is Verdict.MET
    assert offered().later(days=2).fired().deadline("hand_off").status is Verdict.BREACHED


def test_each_offer_has_an_acceptance_clock_of_its_own() -> None:
    again = offered().does(RefuseHandOff("No."), HANDLER).later(hours=1).does(HandOver(to_department="loans"), AGENT)
    assert [d.status for d in again.runs("hand_off")] == [Verdict.MET, Verdict.PENDING]


def test_nobody_takes_over_a_closed_case() -> None:
    assert offered().does(Withdraw("phone", "Settled.")).told.hand_off is None
    confirmed = offered().happened(
        InvestigationCompleted("process_too_slow", True), ResolutionProposed("apology"), CustomerConfirmed("phone")
    )
    done = confirmed.does(FollowUp(True, 9))
    assert done.told.hand_off is None
    assert done.deadline("hand_off").status is Verdict.CANCELLED


def test_a_reopened_case_is_its_last_owners() -> None:
    accepted = offered().does(AcceptHandOff(), HANDLER).does(Withdraw("phone", "Settled."))
    assert accepted.does(Reopen("passed-around"), AGENT).told.owner == "a-handler"


def test_an_offer_says_who_made_it_and_to_whom() -> None:
    assert given().means(HandOver(to_person="s-7", reason="Yours."), AGENT) == (
        HandOffOffered("a-agent", to_person="s-7", reason="Yours."),
    )


def test_the_owner_may_be_helped_by_others_without_giving_the_case_away() -> None:
    assert given().does(Apologize("phone", "Sorry."), HANDLER).told.owner == "a-agent"
