"""Links and mass incidents, as far as one case decides: opening, joining, handing commands on, closing."""

from __future__ import annotations

from uuid import UUID

import pytest

from amends_domain.case import ALL_BRANCHES
from amends_domain.commands import (
    AcceptHandOff,
    Act,
    AddNote,
    Apologize,
    Approve,
    Assign,
    ChangeFlags,
    Classify,
    CloseIncident,
    Command,
    Confirm,
    Escalate,
    FollowUp,
    HandOver,
    Investigate,
    Link,
    MakePromise,
    Merge,
    OpenIncident,
    Propose,
    RecordContact,
    Reject,
    Reopen,
    Withdraw,
)
from amends_domain.decide import Rejection
from amends_domain.events import (
    CaseLinked,
    ChildrenActed,
    HandOffAccepted,
    IncidentOpened,
    LinkedToIncident,
    NoteAdded,
)
from amends_domain.reference import reference_of
from tests.support.lives import HANDLER, HEAD, MONDAY, OTHER_ID, Life, actor, life, received

AGENT = actor("agent")
SUPERVISOR = actor("supervisor")
INCIDENT_ID = UUID("01890000-0000-7000-8000-00000000000a")
OPEN = OpenIncident("Cards kept at the station", "cause", "card_retained")
JOIN = Link(INCIDENT_ID, "same-incident")


def incident() -> Life:
    return life(case_id=INCIDENT_ID, position=10).does(OPEN, SUPERVISOR)


def given(**fields: object) -> Life:
    return life(position=50).happened(received(**fields))


def test_a_campaign_can_open_an_incident_in_advance() -> None:
    assert life().means(OPEN, SUPERVISOR) == (
        IncidentOpened("Cards kept at the station", "cause", "card_retained", "*", "a-supervisor"),
    )


@pytest.mark.parametrize("role", ["agent", "handler", "auditor", "integration"])
def test_only_leaders_open_and_close_incidents(role: str) -> None:
    life().refuses(OPEN, "role-not-allowed", actor(role))
    incident().refuses(CloseIncident("Over."), "role-not-allowed", actor(role))


def test_a_key_of_one_branch_opens_incidents_of_that_branch() -> None:
    here = actor("supervisor", "harbour")
    assert life().does(OPEN, here).told.branch == "harbour"
    elsewhere = OpenIncident("…", "cause", "x", branch="north-street")
    life().refuses(elsewhere, "other-branch", here)
    incident().refuses(AddNote("…"), "other-branch", here)


def test_an_incident_has_an_owner_and_a_history_and_no_clocks_of_the_life_cycle() -> None:
    case = incident()
    assert (case.told.kind, case.told.owner, case.told.cause) == ("incident", "a-supervisor", "card_retained")
    assert case.deadlines() == ()
    assert case.means(AddNote("The machine is sealed."), AGENT) == (NoteAdded(text="The machine is sealed."),)


def test_an_incident_is_handed_off_as_any_case() -> None:
    offered = incident().does(HandOver(to_department="cards"), SUPERVISOR)
    assert offered.means(AcceptHandOff(), HANDLER) == (HandOffAccepted("a-handler", "a-supervisor"),)
    assert incident().does(Assign("s-7"), HANDLER).told.owner == "s-7"
    assert incident().does(Escalate("It spreads."), SUPERVISOR).told.grade == "escalated"


HANDED_ON: list[Command] = [
    Apologize("sms", "We are sorry."),
    Investigate("The slot was worn.", "card_retained", True),
    Propose("apology", "A letter."),
    Approve("Fair."),
    Reject("No."),
    RecordContact("outbound", "sms", True, "We told everybody."),
    MakePromise("Repaired by then.", MONDAY.replace(day=9)),
    Act("refund_made"),
    Classify(type="atm_card_or_cash"),
    ChangeFlags(("media-threat",)),
]


@pytest.mark.parametrize("command", HANDED_ON, ids=lambda command: command.NAME)
def test_acting_on_the_parent_acts_on_its_children(command: Command) -> None:
    assert incident().means(command, HEAD) == (ChildrenActed(command.NAME),)


@pytest.mark.parametrize("command", HANDED_ON, ids=lambda command: command.NAME)
def test_a_closed_incident_hands_nothing_on(command: Command) -> None:
    incident().does(CloseIncident("Over."), HEAD).refuses(command, "illegal-state", HEAD)


def test_a_role_that_may_not_act_on_a_child_may_not_on_the_parent() -> None:
    incident().refuses(Investigate("…", "x", True), "role-not-allowed", AGENT)


@pytest.mark.parametrize(
    "command",
    [Confirm("phone"), FollowUp(True, 9), Withdraw("phone", "…"), Reopen("overdue"), Merge(OTHER_ID, "…")],
    ids=lambda command: command.NAME,
)
def test_what_is_the_customers_to_say_is_asked_of_each(command: Command) -> None:
    assert isinstance(incident().decided(command, HEAD), Rejection)


# Belonging to an incident, and other links.


def test_a_complaint_linked_to_an_incident_belongs_to_it() -> None:
    assert given().means(JOIN, AGENT, other=incident()) == (LinkedToIncident(str(INCIDENT_ID)),)
    assert given().does(JOIN, AGENT, other=incident()).told.incident == str(INCIDENT_ID)


def test_a_case_belongs_to_one_incident() -> None:
    given().does(JOIN, AGENT, other=incident()).refuses(JOIN, "nothing-changes", AGENT, other=incident())


def test_only_complaints_belong_to_incidents() -> None:
    given(kind="praise").refuses(JOIN, "not-a-complaint", AGENT, other=incident())


def test_nothing_joins_a_closed_incident() -> None:
    given().refuses(JOIN, "incident-closed", AGENT, other=incident().does(CloseIncident("Over."), HEAD))


def test_closing_an_incident_leaves_its_cases_open() -> None:
    joined = given().does(JOIN, AGENT, other=incident())
    assert joined.does(Apologize("phone", "Sorry."), AGENT)


def test_cases_are_linked_with_a_relation() -> None:
    other = life(case_id=OTHER_ID).happened(received(customer_ref="C-2"))
    same = Link(OTHER_ID, "same-machine")
    assert given().means(same, AGENT, other=other) == (CaseLinked(str(OTHER_ID), reference_of(1), "same-machine"),)
    linked = given().does(same, AGENT, other=other)
    assert linked.told.links == (str(OTHER_ID),)
    linked.refuses(same, "nothing-changes", AGENT, other=other)


def test_a_case_is_linked_neither_to_itself_nor_to_none() -> None:
    given().refuses(Link(OTHER_ID, "…"), "same-case", AGENT, other=given())
    given().refuses(Link(OTHER_ID, "…"), "no-such-case", AGENT)


def test_a_key_of_one_branch_links_cases_of_that_branch_and_incidents_of_all() -> None:
    case = life().happened(received(branch="north-street"))
    by = actor("handler", "north-street")
    for_all = life(case_id=OTHER_ID).does(OpenIncident("No network.", "cause", "network_down"), HEAD)
    assert for_all.told.branch == ALL_BRANCHES
    assert case.means(Link(OTHER_ID, "related"), by, other=for_all)
    elsewhere = life(case_id=OTHER_ID).happened(received(branch="harbour"))
    case.refuses(Link(OTHER_ID, "related"), "other-branch", by, other=elsewhere)
