"""Staff complained of: they may not own, investigate, propose, approve or close, and the head of their unit is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from amends_domain.commands import (
    AcceptHandOff,
    Approve,
    Assign,
    Classify,
    CloseUnsatisfied,
    Command,
    Extend,
    FollowUp,
    HandOver,
    Investigate,
    Merge,
    Propose,
    RecordContact,
    Reject,
    ReleaseHold,
    Retime,
    Withdraw,
)
from amends_domain.events import (
    ApologyGiven,
    CaseClassified,
    CaseEscalated,
    CustomerConfirmed,
    CustomerDeclined,
    Event,
    HandOffRefused,
    InvestigationCompleted,
    LegalHoldPlaced,
    OwnerAssigned,
    ResolutionProposed,
    UnsatisfiedClosureApproved,
)
from tests.support.lives import (
    HANDLER,
    HEAD,
    MONDAY,
    ON_THE_SPOT,
    OTHER_ID,
    Life,
    actor,
    default_policy,
    life,
    receive,
    received,
)

HEADED = replace(default_policy(), heads={"north-street": "s-head"})
AGENT = actor("agent")
EXECUTIVE = actor("executive")


def given(*complained_of: str, **fields: object) -> Life:
    return life(HEADED).happened(received(complained_of=complained_of, **fields))


def accusing(*complained_of: str) -> Classify:
    return Classify(complained_of=complained_of, reason="So the customer says.")


APOLOGIZED: tuple[Event, ...] = (ApologyGiven("phone"),)
INVESTIGATED: tuple[Event, ...] = (*APOLOGIZED, InvestigationCompleted("staff_attitude", True))
PENDING: tuple[Event, ...] = (
    *INVESTIGATED,
    ResolutionProposed("refund", "900", "CNY", "a-handler", "department_head"),
)
DECLINED: tuple[Event, ...] = (*INVESTIGATED, ResolutionProposed("apology"), CustomerDeclined("phone"))
CONFIRMED: tuple[Event, ...] = (*INVESTIGATED, ResolutionProposed("apology"), CustomerConfirmed("phone"))

FORBIDDEN: list[tuple[tuple[Event, ...], Command]] = [
    (APOLOGIZED, Investigate("It was not me.", "process_too_slow", False)),
    (INVESTIGATED, Propose("refund", "Money.", Decimal(10), "CNY")),
    (PENDING, Approve("Fair.")),
    (PENDING, Reject("No.")),
    ((), ON_THE_SPOT),
    (CONFIRMED, FollowUp(True, 9)),
    ((), Withdraw("phone", "They are content.")),
    (DECLINED, CloseUnsatisfied("We cannot agree.")),
    ((), Merge(OTHER_ID, "One matter.")),
    ((), Extend("statutory", "It is complex.")),
    ((), Retime("apology", "New rules.")),
    ((LegalHoldPlaced(),), ReleaseHold("Nobody sues.")),
]


@pytest.mark.parametrize(("events", "command"), FORBIDDEN, ids=[command.NAME for _, command in FORBIDDEN])
def test_staff_complained_of_may_not_investigate_propose_approve_or_close(
    events: tuple[Event, ...], command: Command
) -> None:
    case = given("a-department_head").happened(*events)
    assert "a-department_head" in case.refuses(command, "recused", HEAD)


@pytest.mark.parametrize(("events", "command"), FORBIDDEN[:4], ids=[command.NAME for _, command in FORBIDDEN[:4]])
def test_others_may(events: tuple[Event, ...], command: Command) -> None:
    assert given("s-17").happened(*events).does(command, HEAD)


def test_staff_complained_of_may_still_record_what_a_customer_says() -> None:
    assert given("a-agent").does(RecordContact("inbound", "phone", True, "Called again."), AGENT)


def test_staff_complained_of_may_not_own() -> None:
    case = given("s-17")
    case.refuses(Assign("s-17"), "recused")
    case.refuses(HandOver(to_person="s-17"), "recused")
    offered = given("a-handler").does(HandOver(to_department="cards"), HEAD)
    offered.refuses(AcceptHandOff(), "recused", HANDLER)


def test_whoever_takes_a_complaint_about_themselves_does_not_own_it() -> None:
    case = life(HEADED).does(receive(complained_of=("a-agent",)), AGENT)
    assert case.told.owner == "s-head"


def test_whoever_takes_a_complaint_about_others_owns_it() -> None:
    assert life(HEADED).does(receive(complained_of=("s-17",)), AGENT).told.owner == "a-agent"


def test_the_head_of_their_unit_is_notified() -> None:
    _, *notices = life(HEADED).means(receive(complained_of=("s-17",)), AGENT)
    assert notices == [CaseEscalated("head_of_unit", "recusal")]
    assert given().means(accusing("s-17"))[-1] == CaseEscalated("head_of_unit", "recusal")


def test_nobody_is_notified_when_nobody_is_complained_of() -> None:
    assert len(life(HEADED).means(receive(), AGENT)) == 1


def test_a_notice_of_recusal_is_no_escalation_of_the_case() -> None:
    assert life(HEADED).does(receive(complained_of=("s-17",)), AGENT).told.escalations == 0


def test_when_the_head_is_complained_of_the_next_above_is_notified_and_owns() -> None:
    case = life(HEADED).does(receive(complained_of=("a-agent", "s-head")), AGENT)
    assert case.told.owner == "department_manager:north-street"
    assert life(HEADED).means(receive(complained_of=("s-head",)), AGENT)[1:] == (
        CaseEscalated("department_manager", "recusal"),
    )


def test_where_the_policy_names_no_head_the_case_is_the_roles() -> None:
    case = life().does(receive(complained_of=("a-agent",)), AGENT)
    assert case.told.owner == "head_of_unit:north-street"


def test_a_case_is_never_given_to_somebody_complained_of_however_many_are() -> None:
    named = ("a-agent", "s-head", "department_manager:north-street", "vice_president:north-street")
    assert life(HEADED).does(receive(complained_of=named), AGENT).told.owner == "head_office:north-street"


def test_an_owner_who_turns_out_to_be_complained_of_gives_the_case_up() -> None:
    assert given().means(accusing("a-agent")) == (
        CaseClassified(complained_of=("a-agent",), reason="So the customer says."),
        OwnerAssigned("s-head", "a-agent"),
        CaseEscalated("head_of_unit", "recusal"),
    )


def test_an_owner_who_is_not_complained_of_stays_when_others_are_named() -> None:
    assert given().does(accusing("s-17")).told.owner == "a-agent"


def test_nobody_is_named_twice() -> None:
    given("s-17").refuses(accusing("s-17"), "nothing-changes")
    assert given("s-17").does(accusing("s-17", "s-18")).told.complained_of == ("s-17", "s-18")


def test_a_head_who_owns_and_is_named_later_gives_way_to_the_next_above() -> None:
    owned = life(HEADED).does(receive(complained_of=("a-agent",)), AGENT)
    assert owned.does(accusing("s-head")).told.owner == "department_manager:north-street"


def test_an_offer_to_somebody_named_meanwhile_is_over() -> None:
    offered = given().does(HandOver(to_person="s-17"), AGENT)
    events = offered.means(accusing("s-17"))
    assert HandOffRefused("a-department_head") in events
    assert offered.happened(*events).told.hand_off is None


def test_recusal_begins_when_they_are_named() -> None:
    case = given().happened(ApologyGiven("phone"))
    assert case.does(FORBIDDEN[0][1], HANDLER)
    case.does(accusing("a-handler")).refuses(FORBIDDEN[0][1], "recused", HANDLER)


def test_an_approval_to_close_by_somebody_named_since_does_not_count() -> None:
    agreed = given().happened(*DECLINED).does(CloseUnsatisfied("We cannot agree."), HEAD)
    named = agreed.does(accusing("a-department_head"), HANDLER)
    outcome = named.means(CloseUnsatisfied("We cannot agree."), EXECUTIVE)
    assert [type(event) for event in outcome] == [UnsatisfiedClosureApproved]


def test_nobody_complained_of_in_the_other_case_merges_into_it() -> None:
    other = life(HEADED, at=MONDAY - timedelta(days=1), case_id=OTHER_ID).happened(
        received(complained_of=("a-handler",))
    )
    given().refuses(Merge(OTHER_ID, "One matter."), "recused", HANDLER, other=other)
