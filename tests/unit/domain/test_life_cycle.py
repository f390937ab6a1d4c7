"""Every command from every state: allowed or refused exactly as the table of the domain says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from amends_domain.case import CLOSED, OPEN, Status
from amends_domain.commands import (
    Act,
    AgreeCallback,
    Apologize,
    Approve,
    Assign,
    Command,
    Confirm,
    Decline,
    FollowUp,
    Investigate,
    Propose,
    RecordContact,
    Reject,
    Reopen,
    Review,
    Withdraw,
)
from amends_domain.decide import Rejection
from amends_domain.events import (
    ActionTaken,
    ApologyGiven,
    CallbackAgreed,
    CallbackMade,
    CaseReopened,
    ComplaintWithdrawn,
    CustomerConfirmed,
    CustomerDeclined,
    Event,
    FollowedUp,
    InvestigationCompleted,
    OwnerAssigned,
    ProposalApproved,
    ProposalRejected,
    ResolutionProposed,
    ReviewRecorded,
)
from amends_domain.transitions import TRANSITIONS, allowed
from tests.support.lives import HEAD, MONDAY, Life, actor, life, receive
from tests.support.lives import received as complaint

RECEIVED = life().happened(complaint())
APOLOGIZED = RECEIVED.happened(ApologyGiven("phone"))
INVESTIGATED = APOLOGIZED.happened(InvestigationCompleted("process_too_slow", True))
PROPOSED = INVESTIGATED.happened(ResolutionProposed("refund", "10", "CNY", "a-handler"))
PENDING = INVESTIGATED.happened(ResolutionProposed("refund", "900", "CNY", "a-handler", "department_head"))
CONFIRMED = PROPOSED.happened(CustomerConfirmed("phone"))
FOLLOWED_UP = CONFIRMED.happened(FollowedUp(9))
WITHDRAWN = RECEIVED.happened(ComplaintWithdrawn("phone"))

STATES: dict[str, Life] = {
    "received": RECEIVED,
    "apologized": APOLOGIZED,
    "investigated": INVESTIGATED,
    "proposed": PROPOSED,
    "proposed, approval pending": PENDING,
    "customer-confirmed": CONFIRMED,
    "followed-up": FOLLOWED_UP,
    "withdrawn": WITHDRAWN,
}
OPEN_STATES = {name for name in STATES if name not in ("followed-up", "withdrawn")}
LATER = MONDAY.replace(hour=8)

# Written from DOMAIN's table by hand, not from transitions.py: command, where it is allowed, the event that it means.
DOMAIN_TABLE: list[tuple[Command, set[str], type[Event]]] = [
    (Apologize("phone", "We are sorry."), {"received"}, ApologyGiven),
    (Investigate("It jammed.", "process_too_slow", True), {"apologized"}, InvestigationCompleted),
    (Propose("refund", "Your money back.", Decimal(10), "CNY"), {"investigated"}, ResolutionProposed),
    (Approve("Justified."), {"proposed, approval pending"}, ProposalApproved),
    (Reject("Too much."), {"proposed, approval pending"}, ProposalRejected),
    (Confirm("phone"), {"proposed"}, CustomerConfirmed),
    (Decline("phone", "Not enough."), {"proposed"}, CustomerDeclined),
    (FollowUp(True, 9), {"customer-confirmed"}, FollowedUp),
    (Review("Answer sooner."), {"followed-up"}, ReviewRecorded),
    (Withdraw("phone", "Settled."), OPEN_STATES, ComplaintWithdrawn),
    (Reopen("recurrence"), {"followed-up", "withdrawn"}, CaseReopened),
    (Assign("someone-else"), OPEN_STATES, OwnerAssigned),
    (RecordContact("outbound", "phone", True, "Called back."), OPEN_STATES, CallbackMade),
    (AgreeCallback(LATER), OPEN_STATES, CallbackAgreed),
    (Act("refund_made"), OPEN_STATES, ActionTaken),
]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("command", "allowed_in", "event"), DOMAIN_TABLE, ids=[row[0].NAME for row in DOMAIN_TABLE])
def test_a_command_is_allowed_exactly_where_the_domain_says(
    command: Command, allowed_in: set[str], event: type[Event], state: str
) -> None:
    given = STATES[state]
    outcome = given.decided(command)
    assert given.case is not None
    if state in allowed_in:
        assert not isinstance(outcome, Rejection)
        assert [type(each) for each in outcome] == [event]
    else:
        assert isinstance(outcome, Rejection)
        assert outcome.detail
    assert (command.NAME in allowed(given.case)) == (state in allowed_in)


def test_the_table_above_covers_every_command_of_the_life_cycle() -> None:
    assert {row[0].NAME for row in DOMAIN_TABLE} == set(TRANSITIONS)


@pytest.mark.parametrize(
    ("given", "command", "leads_to"),
    [
        (RECEIVED, Apologize("phone", "Sorry."), Status.APOLOGIZED),
        (APOLOGIZED, Investigate("It jammed.", "process_too_slow", False), Status.INVESTIGATED),
        (INVESTIGATED, Propose("apology", "A letter."), Status.PROPOSED),
        (PENDING, Approve("Fair."), Status.PROPOSED),
        (PENDING, Reject("No."), Status.INVESTIGATED),
        (PROPOSED, Confirm("phone"), Status.CUSTOMER_CONFIRMED),
        (PROPOSED, Decline("phone", "No."), Status.INVESTIGATED),
        (CONFIRMED, FollowUp(True, 8), Status.FOLLOWED_UP),
        (CONFIRMED, FollowUp(False), Status.CUSTOMER_CONFIRMED),
        (FOLLOWED_UP, Review("Listen longer."), Status.FOLLOWED_UP),
        (PROPOSED, Withdraw("phone", "Moved away."), Status.WITHDRAWN),
        (WITHDRAWN, Reopen("new-facts"), Status.RECEIVED),
    ],
    ids=lambda value: value.NAME if isinstance(value, Command) else None,
)
def test_a_command_leads_where_the_domain_says(given: Life, command: Command, leads_to: Status) -> None:
    after = given.does(command).case
    assert after is not None
    assert after.status is leads_to
    to = TRANSITIONS[command.NAME].leads_to
    assert to in (leads_to, None) or isinstance(command, FollowUp)


def test_every_state_is_either_open_or_closed() -> None:
    assert set(Status) == OPEN | CLOSED
    assert not OPEN & CLOSED


def test_a_refusal_says_what_state_the_case_is_in() -> None:
    assert "received" in RECEIVED.refuses(Confirm("phone"), "illegal-state")


def test_the_customer_is_not_told_of_a_proposal_that_still_needs_approval() -> None:
    assert "department_head" in PENDING.refuses(Confirm("phone"), "approval-pending")
    PENDING.refuses(Decline("phone", "No."), "approval-pending")


def test_after_approval_the_customer_may_confirm() -> None:
    assert PENDING.does(Approve("Fair.")).does(Confirm("phone")).case is not None


def test_only_complaints_run_the_life_cycle() -> None:
    inquiry = life().happened(complaint(kind="inquiry"))
    inquiry.refuses(Apologize("phone", "Sorry."), "not-a-complaint")
    assert inquiry.does(RecordContact("inbound", "phone", True, "Asked again."))


def test_reopening_starts_the_next_cycle_and_keeps_the_owner() -> None:
    reopened = FOLLOWED_UP.does(Reopen("overdue")).case
    assert reopened is not None
    assert (reopened.cycle, reopened.owner, reopened.status) == (2, "a-agent", Status.RECEIVED)


def test_whoever_takes_the_first_contact_owns_the_case() -> None:
    case = life().does(receive(), by=actor("agent")).case
    assert case is not None
    assert case.owner == "a-agent"


def test_a_case_is_not_given_to_the_owner_it_has() -> None:
    RECEIVED.refuses(Assign("a-agent"), "already-owner")


def test_a_follow_up_that_was_carried_out_needs_the_customers_satisfaction() -> None:
    CONFIRMED.refuses(FollowUp(True), "satisfaction-missing")


def test_a_complaint_from_the_future_is_refused() -> None:
    life().refuses(receive(occurred_at=MONDAY.replace(year=2027)), "in-the-future")


def test_a_wish_for_a_callback_in_the_past_is_refused() -> None:
    life().refuses(receive(reply_by=MONDAY.replace(year=2025)), "in-the-past")


def test_a_sensitive_channel_makes_a_complaint_major() -> None:
    for channel, grade in [("media", "major"), ("regulator", "major"), ("phone", "ordinary")]:
        case = life().does(receive(channel=channel)).case
        assert case is not None
        assert case.grade == grade


@pytest.mark.parametrize(
    ("given", "command"),
    [
        (RECEIVED, Apologize("phone", "Sorry.")),
        (APOLOGIZED, Investigate("It jammed.", "process_too_slow", False)),
        (PENDING, Approve("Fair.")),
    ],
    ids=["apologize", "investigate", "approve"],
)
def test_an_auditor_and_an_administrator_change_no_case(given: Life, command: Command) -> None:
    given.refuses(command, "role-not-allowed", by=actor("auditor"))
    given.refuses(command, "role-not-allowed", by=actor("admin"))


def test_a_key_of_one_branch_acts_on_that_branch_only() -> None:
    RECEIVED.refuses(Apologize("phone", "Sorry."), "other-branch", by=actor("agent", "harbour"))
    life().refuses(receive(), "other-branch", by=actor("agent", "harbour"))
    assert RECEIVED.does(Apologize("phone", "Sorry."), by=actor("agent", "north-street"))


@pytest.mark.parametrize(
    ("role", "amount", "approval_by"),
    [
        ("handler", None, None),
        ("handler", Decimal("0.01"), "supervisor"),
        ("handler", Decimal(500), "supervisor"),
        ("handler", Decimal("500.01"), "department_head"),
        ("handler", Decimal("5000.01"), "executive"),
        ("supervisor", Decimal(500), None),
        ("department_head", Decimal(5000), None),
        ("executive", Decimal(1_000_000), None),
    ],
)
def test_above_its_limit_a_role_needs_approval(role: str, amount: Decimal | None, approval_by: str | None) -> None:
    currency = None if amount is None else "CNY"
    case = INVESTIGATED.does(Propose("refund", "Here.", amount, currency), by=actor(role)).case
    assert case is not None
    assert case.proposal is not None
    assert case.proposal.approval_by == approval_by


def test_mis_selling_is_always_approved_by_the_department_head() -> None:
    given = life().happened(
        complaint(type="mis_selling"), ApologyGiven("phone"), InvestigationCompleted("staff_attitude", True)
    )
    case = given.does(Propose("apology", "A letter."), by=actor("supervisor")).case
    assert case is not None
    assert case.proposal is not None
    assert case.proposal.approval_by == "department_head"


def test_nobody_approves_beyond_their_own_limit() -> None:
    PENDING.refuses(Approve("Fair."), "beyond-authority", by=actor("supervisor"))
    assert PENDING.does(Approve("Fair."), by=HEAD)


def test_nobody_approves_their_own_proposal() -> None:
    given = life().happened(
        complaint(type="mis_selling"), ApologyGiven("phone"), InvestigationCompleted("staff_attitude", True)
    )
    given.does(Propose("apology", "A letter."), by=HEAD).refuses(Approve("Fair."), "own-proposal", by=HEAD)
