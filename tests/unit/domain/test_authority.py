"""What each role may offer, what is approved before the customer is told, and who closes a case unsatisfied."""

from __future__ import annotations

from decimal import Decimal

import pytest

from amends_domain.commands import (
    Approve,
    ChangeFlags,
    Classify,
    CloseUnsatisfied,
    Confirm,
    Decline,
    Investigate,
    Propose,
    Reject,
    Reopen,
)
from amends_domain.decide import Actor
from amends_domain.events import (
    ApologyGiven,
    CaseEscalated,
    ClosedUnsatisfied,
    CustomerDeclined,
    InvestigationCompleted,
    ProposalApproved,
    ProposalRejected,
    ResolutionProposed,
    UnsatisfiedClosureApproved,
    UnsatisfiedClosureRequested,
)
from tests.support.lives import HANDLER, HEAD, Life, actor, life, received
from tests.support.policy_documents import build

AGENT = actor("agent")
SUPERVISOR = actor("supervisor")
EXECUTIVE = actor("executive")

APOLOGY_LETTER = Propose("apology", "A letter.")
REFUSAL = Propose("refusal", "There is nothing more to settle.")
NINE_HUNDRED = Propose("refund", "Money.", Decimal(900), "CNY")


def investigated(**fields: object) -> Life:
    return life().happened(received(**fields), ApologyGiven("phone"), InvestigationCompleted("staff_attitude", True))


def approval_by(case: Life) -> str | None:
    assert case.told.proposal is not None
    return case.told.proposal.approval_by


@pytest.mark.parametrize(
    ("role", "amount", "expected"),
    [
        ("handler", None, None),
        ("handler", Decimal(0), None),
        ("handler", Decimal("0.01"), "supervisor"),
        ("handler", Decimal(500), "supervisor"),
        ("handler", Decimal("500.01"), "department_head"),
        ("handler", Decimal("5000.01"), "executive"),
        ("supervisor", Decimal(500), None),
        ("supervisor", Decimal("500.01"), "department_head"),
        ("department_head", Decimal(5000), None),
        ("department_head", Decimal("5000.01"), "executive"),
        ("executive", Decimal(1_000_000), None),
    ],
)
def test_each_role_may_offer_up_to_its_limit_and_needs_approval_above_it(
    role: str, amount: Decimal | None, expected: str | None
) -> None:
    currency = None if amount is None else "CNY"
    assert approval_by(investigated().does(Propose("refund", "Here.", amount, currency), actor(role))) == expected


@pytest.mark.parametrize("role", ["handler", "supervisor", "department_head", "executive"])
@pytest.mark.parametrize("amount", [None, Decimal(1), Decimal(900)])
def test_mis_selling_is_approved_by_the_department_head_at_any_amount(role: str, amount: Decimal | None) -> None:
    offer = Propose("refund", "Here.", amount, None if amount is None else "CNY")
    assert approval_by(investigated(type="mis_selling").does(offer, actor(role))) == "department_head"


def test_confirm_and_decline_are_refused_while_approval_is_pending() -> None:
    pending = investigated().does(NINE_HUNDRED, HANDLER)
    assert "department_head" in pending.refuses(Confirm("phone"), "approval-pending", AGENT)
    pending.refuses(Decline("phone", "No."), "approval-pending", AGENT)
    approved = pending.does(Approve("Fair."), HEAD)
    assert approved.does(Confirm("phone"), AGENT)
    assert approved.does(Decline("phone", "No."), AGENT)


def test_a_rejected_proposal_is_never_put_to_the_customer() -> None:
    rejected = investigated().does(NINE_HUNDRED, HANDLER).does(Reject("Too much."), HEAD)
    assert (rejected.told.status, rejected.told.proposal) == ("investigated", None)
    rejected.refuses(Confirm("phone"), "illegal-state", AGENT)


def test_approval_and_rejection_name_who_gave_them() -> None:
    pending = investigated().does(NINE_HUNDRED, HANDLER)
    assert pending.means(Approve("Fair."), HEAD) == (ProposalApproved("a-department_head", reason="Fair."),)
    assert pending.means(Reject("No."), HEAD) == (ProposalRejected("a-department_head", reason="No."),)


def test_nobody_approves_or_rejects_beyond_their_own_limit() -> None:
    pending = investigated().does(NINE_HUNDRED, HANDLER)
    pending.refuses(Approve("Fair."), "beyond-authority", SUPERVISOR)
    pending.refuses(Reject("No."), "beyond-authority", SUPERVISOR)
    pending.refuses(Approve("Fair."), "role-not-allowed", HANDLER)


def test_a_higher_role_may_approve_as_well() -> None:
    assert approval_by(investigated().does(NINE_HUNDRED, HANDLER).does(Approve("Fair."), EXECUTIVE)) is None


def test_nobody_approves_their_own_proposal() -> None:
    investigated(type="mis_selling").does(APOLOGY_LETTER, HEAD).refuses(Approve("Fair."), "own-proposal", HEAD)


def test_an_approval_lapses_with_a_new_proposal() -> None:
    told = investigated().does(NINE_HUNDRED, HANDLER).does(Approve("Fair."), HEAD).does(Decline("phone", "No."), AGENT)
    assert approval_by(told.does(NINE_HUNDRED, HANDLER)) == "department_head"


def test_without_limits_in_the_policy_no_amount_needs_approval() -> None:
    free = life(build(authority={})).happened(received(), ApologyGiven("phone"), InvestigationCompleted("x", True))
    assert approval_by(free.does(Propose("refund", "Money.", Decimal(10**6), "CNY"), HANDLER)) is None


# What becomes known while a proposal is on the table.


def test_a_case_that_turns_out_to_be_mis_selling_puts_its_proposal_again_for_approval() -> None:
    proposed = investigated().does(APOLOGY_LETTER, HANDLER)
    assert proposed.means(Classify(type="mis_selling"), HANDLER)[1:] == (
        ResolutionProposed("apology", proposed_by="a-handler", approval_by="department_head"),
    )
    known = proposed.does(Classify(type="mis_selling"), HANDLER)
    known.refuses(Confirm("phone"), "approval-pending", AGENT)
    assert known.does(Approve("Fair."), HEAD).does(Confirm("phone"), AGENT)


def test_a_lower_approval_does_not_do_when_a_higher_one_turns_out_to_be_needed() -> None:
    approved = (
        investigated().does(Propose("refund", "…", Decimal(100), "CNY"), HANDLER).does(Approve("Ok."), SUPERVISOR)
    )
    known = approved.does(Classify(type="mis_selling"), HANDLER)
    assert approval_by(known) == "department_head"
    known.refuses(Approve("Ok."), "beyond-authority", SUPERVISOR)


def test_an_approval_that_was_given_is_not_asked_for_again() -> None:
    approved = investigated().does(NINE_HUNDRED, HANDLER).does(Approve("Fair."), HEAD)
    assert approval_by(approved.does(Classify(type="mis_selling"), HANDLER)) is None


def test_calling_a_case_something_else_gives_nobody_more_authority() -> None:
    pending = investigated(type="mis_selling").does(APOLOGY_LETTER, HANDLER)
    renamed = pending.does(Classify(type="waiting_time"), HANDLER)
    renamed.refuses(Approve("Fair."), "beyond-authority", SUPERVISOR)
    assert renamed.does(Approve("Fair."), HEAD)


def test_what_the_customer_agreed_to_already_is_not_put_again() -> None:
    confirmed = investigated().does(APOLOGY_LETTER, HANDLER).does(Confirm("phone"), AGENT)
    assert confirmed.does(Classify(type="mis_selling"), HANDLER).told.status == "customer-confirmed"


# Persistent customers: what is unjustified is refused, with a reason and an approval.


def test_refusing_a_persistent_customer_takes_an_approval() -> None:
    case = investigated(flags=("persistent",)).does(REFUSAL, HANDLER)
    assert approval_by(case) == "department_head"
    case.refuses(Approve("Enough."), "beyond-authority", SUPERVISOR)
    assert approval_by(case.does(Approve("Enough."), HEAD)) is None


def test_what_is_justified_is_settled_for_a_persistent_customer_as_for_any() -> None:
    assert approval_by(investigated(flags=("persistent",)).does(APOLOGY_LETTER, HANDLER)) is None


def test_refusing_any_other_customer_takes_none() -> None:
    assert approval_by(investigated().does(REFUSAL, HANDLER)) is None


def test_a_refusal_to_a_customer_flagged_persistent_meanwhile_is_put_again_for_approval() -> None:
    flagged = investigated().does(REFUSAL, HANDLER).does(ChangeFlags(("persistent",)), HANDLER)
    assert approval_by(flagged) == "department_head"


# Closing unsatisfied.

CLOSE = CloseUnsatisfied("We cannot agree.")


def declined() -> Life:
    return investigated().happened(ResolutionProposed("apology"), CustomerDeclined("phone"))


def test_a_case_is_closed_unsatisfied_only_after_the_customer_declined() -> None:
    assert "declined" in investigated().refuses(CLOSE, "illegal-state", HEAD)


def test_closing_unsatisfied_takes_both_approvals_and_the_owner_stays_liable() -> None:
    agreed = declined().does(CLOSE, HEAD)
    assert agreed.told.status == "investigated"
    assert agreed.means(CLOSE, EXECUTIVE) == (
        UnsatisfiedClosureApproved("a-executive", "executive", reason="We cannot agree."),
        ClosedUnsatisfied(("a-department_head", "a-executive"), liable="a-agent"),
    )
    assert agreed.does(CLOSE, EXECUTIVE).told.status == "closed-unsatisfied"


def test_the_two_approvals_come_in_either_order() -> None:
    assert declined().does(CLOSE, EXECUTIVE).does(CLOSE, HEAD).told.status == "closed-unsatisfied"


def test_one_person_does_not_give_both_approvals() -> None:
    declined().does(CLOSE, HEAD).refuses(CLOSE, "already-approved", HEAD)
    both_roles = Actor("a-department_head", "executive", None)
    declined().does(CLOSE, HEAD).refuses(CLOSE, "already-approved", both_roles)


def test_where_the_policy_asks_one_role_twice_two_people_of_it_agree() -> None:
    policy = build(authority={"close_unsatisfied": ["executive", "executive"]})
    case = life(policy).happened(
        received(),
        ApologyGiven("phone"),
        InvestigationCompleted("x", True),
        ResolutionProposed("apology"),
        CustomerDeclined("phone"),
    )
    once = case.does(CLOSE, EXECUTIVE)
    once.refuses(CLOSE, "already-approved", EXECUTIVE)
    second = Actor("another-executive", "executive", None)
    assert once.does(CLOSE, second).told.status == "closed-unsatisfied"


def test_whoever_may_not_agree_asks_those_who_may() -> None:
    assert declined().means(CLOSE, HANDLER) == (
        UnsatisfiedClosureRequested("a-handler", reason="We cannot agree."),
        CaseEscalated("department_head", "notice"),
        CaseEscalated("executive", "notice"),
    )
    declined().refuses(CLOSE, "role-not-allowed", AGENT)


def test_approvals_to_close_lapse_with_a_new_proposal() -> None:
    agreed = declined().does(CLOSE, HEAD).does(APOLOGY_LETTER, HANDLER).does(Decline("phone", "No."), AGENT)
    assert agreed.told.closure_approvals == ()
    assert agreed.does(CLOSE, EXECUTIVE).told.status == "investigated"


def test_a_reopened_case_is_closed_unsatisfied_only_after_declining_anew() -> None:
    closed = declined().does(CLOSE, HEAD).does(CLOSE, EXECUTIVE)
    again = closed.does(Reopen("new-facts"), AGENT).happened(ApologyGiven("phone"))
    again.does(Investigate("…", "x", True), HANDLER).refuses(CLOSE, "illegal-state", HEAD)
