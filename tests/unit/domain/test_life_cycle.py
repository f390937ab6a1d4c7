"""Every command from every state: allowed or refused exactly as the table of the domain says."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from amends_domain.access.acting import COMMANDS
from amends_domain.case import CLOSED, OPEN, Status
from amends_domain.commands import (
    AcceptHandOff,
    Acknowledge,
    Act,
    AddNote,
    AgreeCallback,
    Apologize,
    Approve,
    Assign,
    ChangeFlags,
    Classify,
    CloseIncident,
    CloseUnsatisfied,
    Command,
    Confirm,
    Correct,
    Decline,
    Escalate,
    Extend,
    FollowUp,
    HandOver,
    Hold,
    Investigate,
    KeepPromise,
    Link,
    MakePromise,
    Merge,
    Propose,
    RecordContact,
    RefuseHandOff,
    Reject,
    ReleaseHold,
    Reopen,
    Retime,
    Review,
    Withdraw,
)
from amends_domain.decide import Rejection
from amends_domain.events import (
    ActionTaken,
    ApologyGiven,
    CallbackAgreed,
    CallbackMade,
    CaseClassified,
    CaseEscalated,
    CaseLinked,
    CaseReopened,
    ClosedUnsatisfied,
    ComplaintWithdrawn,
    CustomerConfirmed,
    CustomerDeclined,
    EntryCorrected,
    Event,
    FlagsChanged,
    FollowedUp,
    FollowUpFailed,
    GradeRaised,
    HandOffAccepted,
    HandOffOffered,
    HandOffRefused,
    IncidentClosed,
    IncidentOpened,
    InvestigationCompleted,
    LegalHoldPlaced,
    LegalHoldReleased,
    MergedInto,
    NoteAdded,
    OwnerAssigned,
    PromiseKept,
    PromiseMade,
    ProposalApproved,
    ProposalRejected,
    ResolutionProposed,
    ReviewRecorded,
    UnsatisfiedClosureApproved,
)
from amends_domain.transitions import TRANSITIONS, allowed
from tests.support.lives import APOLOGY, FINDING, HEAD, MONDAY, ON_THE_SPOT, OTHER_ID, Life, actor, life, receive
from tests.support.lives import received as complaint

MAY = {row.action: row.roles for rows in COMMANDS.values() for row in rows}
LATER = MONDAY.replace(hour=8)

RECEIVED = life(position=100).happened(complaint())
APOLOGIZED = RECEIVED.happened(ApologyGiven("phone"))
INVESTIGATED = APOLOGIZED.happened(InvestigationCompleted("process_too_slow", True))
PROPOSED = INVESTIGATED.happened(ResolutionProposed("refund", "10", "CNY", "a-handler"))
PENDING = INVESTIGATED.happened(ResolutionProposed("refund", "900", "CNY", "a-handler", "department_head"))
DECLINED = PROPOSED.happened(CustomerDeclined("phone"))
CONFIRMED = PROPOSED.happened(CustomerConfirmed("phone"))
FOLLOWED_UP = CONFIRMED.happened(FollowedUp(9))
WITHDRAWN = RECEIVED.happened(ComplaintWithdrawn("phone"))
UNSATISFIED = DECLINED.happened(ClosedUnsatisfied(("a-department_head", "a-executive"), "a-agent"))
MERGED = RECEIVED.happened(MergedInto(str(OTHER_ID), "C-1"))
HANDED_OFF = RECEIVED.happened(HandOffOffered("a-agent", to_department="cards"))
PROMISED = RECEIVED.happened(PromiseMade(1, LATER, "a-agent"))
HELD = RECEIVED.happened(LegalHoldPlaced())
WITHDRAWN_AND_HELD = WITHDRAWN.happened(LegalHoldPlaced())
BROKEN_PROMISE = FOLLOWED_UP.happened(PromiseMade(1, LATER, "a-agent"))

STATES: dict[str, Life] = {
    "received": RECEIVED,
    "apologized": APOLOGIZED,
    "investigated": INVESTIGATED,
    "investigated after a decline": DECLINED,
    "proposed": PROPOSED,
    "proposed, approval pending": PENDING,
    "customer-confirmed": CONFIRMED,
    "followed-up": FOLLOWED_UP,
    "withdrawn": WITHDRAWN,
    "closed-unsatisfied": UNSATISFIED,
    "merged": MERGED,
    "received, hand-off pending": HANDED_OFF,
    "received, with an open promise": PROMISED,
    "followed-up, with an open promise": BROKEN_PROMISE,
    "received, held": HELD,
    "withdrawn, held": WITHDRAWN_AND_HELD,
}
HELD_STATES = {"received, held", "withdrawn, held"}
HAS_PROMISE = {"received, with an open promise", "followed-up, with an open promise"}
CLOSED_STATES = {"followed-up", "withdrawn", "closed-unsatisfied", "merged", "followed-up, with an open promise"}
CLOSED_STATES |= {"withdrawn, held"}
OPEN_STATES = set(STATES) - CLOSED_STATES
NOT_HANDED_OFF = OPEN_STATES - {"received, hand-off pending"}
JUST_RECEIVED = {"received", "received, hand-off pending", "received, with an open promise", "received, held"}

# The same customer's, raised the day before, with every clock that one of the above may bring: what they merge into.
EARLIER = (
    life(at=MONDAY - timedelta(days=1), case_id=OTHER_ID)
    .happened(complaint(), ApologyGiven("phone"), InvestigationCompleted("process_too_slow", True))
    .happened(ResolutionProposed("refund", "10", "CNY", "a-handler"), CustomerConfirmed("phone"))
    .happened(HandOffOffered("a-agent", to_department="cards"))
)

# Written from DOMAIN's table by hand, not from transitions.py: command, where it is allowed, the events that it means.
DOMAIN_TABLE: list[tuple[Command, set[str], list[type[Event]]]] = [
    (APOLOGY, JUST_RECEIVED, [ApologyGiven]),
    (FINDING, {"apologized"}, [InvestigationCompleted]),
    (
        Propose("refund", "Your money back.", Decimal(10), "CNY"),
        {"investigated", "investigated after a decline"},
        [ResolutionProposed],
    ),
    (Approve("Justified."), {"proposed, approval pending"}, [ProposalApproved]),
    (Reject("Too much."), {"proposed, approval pending"}, [ProposalRejected]),
    (Confirm("phone"), {"proposed"}, [CustomerConfirmed]),
    (Decline("phone", "Not enough."), {"proposed"}, [CustomerDeclined]),
    (
        ON_THE_SPOT,
        JUST_RECEIVED,
        [ApologyGiven, InvestigationCompleted, ResolutionProposed, CustomerConfirmed],
    ),
    (FollowUp(True, 9), {"customer-confirmed"}, [FollowedUp]),
    (Review("Answer sooner."), {"followed-up", "followed-up, with an open promise"}, [ReviewRecorded]),
    (Withdraw("phone", "Settled."), OPEN_STATES, [ComplaintWithdrawn]),
    (CloseUnsatisfied("We cannot agree."), {"investigated after a decline"}, [UnsatisfiedClosureApproved]),
    (Reopen("recurrence"), CLOSED_STATES, [CaseReopened]),
    (Merge(OTHER_ID, "One matter."), OPEN_STATES, [MergedInto]),
    (Assign("someone-else"), NOT_HANDED_OFF, [OwnerAssigned]),
    (HandOver(to_department="cards"), NOT_HANDED_OFF, [HandOffOffered]),
    (AcceptHandOff(), {"received, hand-off pending"}, [HandOffAccepted]),
    (RefuseHandOff("Not ours."), {"received, hand-off pending"}, [HandOffRefused]),
    (RecordContact("outbound", "phone", True, "Called back."), OPEN_STATES, [CallbackMade]),
    (AgreeCallback(LATER), OPEN_STATES, [CallbackAgreed]),
    (MakePromise("The fitter comes.", LATER), OPEN_STATES, [PromiseMade]),
    # DOMAIN has it at any open state; what was promised is kept, late rather than never, on a closed one too.
    (KeepPromise(1), HAS_PROMISE, [PromiseKept]),
    (Act("refund_made"), OPEN_STATES, [ActionTaken]),
    (Classify(type="waiting_time"), OPEN_STATES, [CaseClassified]),
    (ChangeFlags(("vulnerable",)), OPEN_STATES, [FlagsChanged]),
    (Escalate("I cannot settle it."), OPEN_STATES, [CaseEscalated, GradeRaised]),
    (Link(OTHER_ID, "same-matter"), OPEN_STATES, [CaseLinked]),
    (Correct(101, "It was the other card."), OPEN_STATES, [EntryCorrected]),
    (AddNote("Prefers Chinese."), OPEN_STATES, [NoteAdded]),
    (Hold("A lawsuit."), set(STATES) - HELD_STATES, [LegalHoldPlaced]),
    (ReleaseHold("It is settled."), HELD_STATES, [LegalHoldReleased]),
]
# Whether these are possible depends on a clock that runs besides, see test_terms.
CLOCK_COMMANDS: list[Command] = [Extend("statutory", "It is complex."), Retime("statutory", "New law.")]
INCIDENT_COMMANDS: list[Command] = [CloseIncident("It is over.")]
# Whether it is possible depends on the case's alerts, see test_alerts.
ALERT_COMMANDS: list[Command] = [Acknowledge(101)]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("command", "allowed_in", "events"), DOMAIN_TABLE, ids=[row[0].NAME for row in DOMAIN_TABLE])
def test_a_command_is_allowed_exactly_where_the_domain_says(
    command: Command, allowed_in: set[str], events: list[type[Event]], state: str
) -> None:
    given = STATES[state]
    outcome = given.decided(command, other=EARLIER)
    if state in allowed_in:
        assert not isinstance(outcome, Rejection), outcome
        assert [type(each) for each in outcome] == events
    else:
        assert isinstance(outcome, Rejection)
        assert outcome.detail
    assert (command.NAME in allowed(given.told)) == (state in allowed_in)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command", CLOCK_COMMANDS, ids=lambda command: command.NAME)
def test_a_clock_is_moved_only_on_an_open_case(command: Command, state: str) -> None:
    assert (command.NAME in allowed(STATES[state].told)) == (state in OPEN_STATES)
    if state in CLOSED_STATES:
        STATES[state].refuses(command, "illegal-state")


def test_the_tables_above_cover_every_command_of_the_life_cycle() -> None:
    covered = {row[0].NAME for row in DOMAIN_TABLE} | {
        c.NAME for c in (*CLOCK_COMMANDS, *INCIDENT_COMMANDS, *ALERT_COMMANDS)
    }
    assert covered == set(TRANSITIONS)


@pytest.mark.parametrize("state", STATES)
def test_a_complaint_is_not_closed_as_an_incident(state: str) -> None:
    STATES[state].refuses(
        CloseIncident("Over."), "not-an-incident" if state in OPEN_STATES else "illegal-state", by=HEAD
    )
    assert "close-incident" not in allowed(STATES[state].told)


INCIDENT = life(position=100).happened(IncidentOpened("Cards kept", "cause", "card_retained", "*", "a-supervisor"))
INCIDENT_OVER = INCIDENT.happened(IncidentClosed())
# What an incident does itself, and what it hands on to its cases. The customers' own answers are neither.
ITS_OWN = {"assign", "hand-off", "escalate", "correct", "note", "close-incident"}
HANDS_ON = {
    "apologize",
    "investigate",
    "propose",
    "approve",
    "reject",
    "contact",
    "promise",
    "act",
    "classify",
    "flag",
}


def test_an_incident_is_no_complaint_it_is_worked_on_and_hands_commands_on_to_its_cases() -> None:
    assert set(allowed(INCIDENT.told)) == ITS_OWN | HANDS_ON
    offered = INCIDENT.happened(HandOffOffered("a-supervisor", to_department="cards"))
    assert set(allowed(offered.told)) == (ITS_OWN | HANDS_ON | {"accept", "refuse"}) - {"assign", "hand-off"}
    assert allowed(INCIDENT_OVER.told) == ()


def test_an_incident_is_closed_once_and_never_reopened() -> None:
    assert INCIDENT.means(CloseIncident("It is over."), by=HEAD) == (IncidentClosed(reason="It is over."),)
    INCIDENT_OVER.refuses(CloseIncident("Again."), "illegal-state", by=HEAD)
    INCIDENT_OVER.refuses(Reopen("recurrence"), "illegal-state", by=HEAD)


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
        (RECEIVED, ON_THE_SPOT, Status.CUSTOMER_CONFIRMED),
        (FOLLOWED_UP, Review("Listen longer."), Status.FOLLOWED_UP),
        (PROPOSED, Withdraw("phone", "Moved away."), Status.WITHDRAWN),
        (WITHDRAWN, Reopen("new-facts"), Status.RECEIVED),
        (UNSATISFIED, Reopen("overdue"), Status.RECEIVED),
        (MERGED, Reopen("new-facts"), Status.RECEIVED),
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


def test_a_follow_up_that_finds_nothing_carried_out_leaves_the_case_where_it_is() -> None:
    assert [type(event) for event in CONFIRMED.means(FollowUp(False))] == [FollowUpFailed]


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


def test_a_follow_up_that_was_carried_out_needs_the_customers_satisfaction() -> None:
    CONFIRMED.refuses(FollowUp(True), "satisfaction-missing")


def test_a_complaint_from_the_future_is_refused() -> None:
    life().refuses(receive(occurred_at=MONDAY.replace(year=2027)), "in-the-future")


def test_a_wish_for_a_callback_in_the_past_is_refused() -> None:
    life().refuses(receive(reply_by=MONDAY.replace(year=2025)), "in-the-past")


@pytest.mark.parametrize("role", ["auditor", "admin"])
@pytest.mark.parametrize("name", sorted(MAY))
def test_an_auditor_and_an_administrator_change_no_case(name: str, role: str) -> None:
    assert role not in MAY[name]
    row = next((row for row in DOMAIN_TABLE if name == row[0].NAME), None)
    if row is not None:
        STATES[min(row[1])].refuses(row[0], "role-not-allowed", by=actor(role), other=EARLIER)


def test_another_system_reports_and_records_and_decides_nothing() -> None:
    assert {name for name, roles in MAY.items() if "integration" in roles} == {
        "receive",
        "contact",
        "keep-promise",
        "act",
        "flag",
        "note",
    }


def test_findings_offers_and_owning_are_not_for_those_who_take_calls() -> None:
    assert {name for name, roles in MAY.items() if "agent" not in roles and "handler" in roles} == {
        "investigate",
        "propose",
        "review",
        "close-unsatisfied",
        "merge",
        "assign",
        "accept",
        "act",
        "request-erasure",
        "reject-erasure",
    }


def test_approvals_terms_and_incidents_are_for_leaders() -> None:
    leaders = {name: roles for name, roles in MAY.items() if "handler" not in roles}
    heads = {"retime", "hold", "release-hold", "approve-erasure"}
    assert set(leaders) == {"approve", "reject", "extend", "open-incident", "close-incident"} | heads
    assert {name for name, roles in leaders.items() if "supervisor" not in roles} == heads


def test_a_key_of_one_branch_acts_on_that_branch_only() -> None:
    RECEIVED.refuses(Apologize("phone", "Sorry."), "other-branch", by=actor("agent", "harbour"))
    life().refuses(receive(), "other-branch", by=actor("agent", "harbour"))
    assert RECEIVED.does(Apologize("phone", "Sorry."), by=actor("agent", "north-street"))
