"""On the spot: apology, finding, proposal and the customer's agreement in one, all of it or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from amends_domain.commands import Countermeasure, Propose, ResolveOnTheSpot
from amends_domain.events import (
    ApologyGiven,
    CountermeasurePlanned,
    CustomerConfirmed,
    InvestigationCompleted,
    ResolutionProposed,
)
from amends_domain.runs import Verdict
from tests.support.lives import FINDING, HANDLER, MONDAY, ON_THE_SPOT, Life, actor, life, received

AGENT = actor("agent")
SUPERVISOR = actor("supervisor")


def given(**fields: object) -> Life:
    return life().happened(received(**fields))


def offering(amount: int) -> ResolveOnTheSpot:
    return replace(ON_THE_SPOT, proposal=Propose("refund", "Money.", Decimal(amount), "CNY"))


def test_one_command_carries_apology_finding_proposal_and_confirmation() -> None:
    assert given().means(ON_THE_SPOT, AGENT) == (
        ApologyGiven("phone", text="We are sorry."),
        InvestigationCompleted("process_too_slow", True, findings="It jammed.", countermeasures=()),
        ResolutionProposed("apology", proposed_by="a-agent", text="A letter."),
        CustomerConfirmed("phone", on_the_spot=True),
    )
    assert given().does(ON_THE_SPOT, AGENT).told.status == "customer-confirmed"


def test_it_stops_and_starts_the_clocks_that_the_steps_would() -> None:
    case = given().does(ON_THE_SPOT, AGENT)
    assert {d.kind: d.status for d in case.deadlines()} == {
        "apology": Verdict.MET,
        "callback": Verdict.PENDING,
        "statutory": Verdict.MET,
        "follow_up": Verdict.PENDING,
    }


@pytest.mark.parametrize(
    ("role", "amount"),
    [("agent", 1), ("handler", 1), ("supervisor", 501), ("department_head", 5001)],
)
def test_what_needs_an_approval_is_not_settled_on_the_spot_and_nothing_is_recorded(role: str, amount: int) -> None:
    given().refuses(offering(amount), "approval-pending", actor(role))


def test_within_ones_limit_it_is() -> None:
    assert given().does(offering(500), SUPERVISOR).told.status == "customer-confirmed"


def test_mis_selling_is_never_settled_on_the_spot() -> None:
    given(type="mis_selling").refuses(ON_THE_SPOT, "approval-pending", actor("executive"))


def test_a_persistent_customer_is_not_refused_on_the_spot() -> None:
    refusal = replace(ON_THE_SPOT, proposal=Propose("refusal", "No."))
    given(flags=("persistent",)).refuses(refusal, "approval-pending", HANDLER)


def test_a_mistake_in_one_step_refuses_all_of_them() -> None:
    late = replace(FINDING, countermeasures=(Countermeasure("Repair it.", "s-1", MONDAY),))
    given().refuses(replace(ON_THE_SPOT, investigation=late), "in-the-past", HANDLER)


def test_its_countermeasures_are_planned_as_any() -> None:
    measure = Countermeasure("Repair it.", "s-1", MONDAY + timedelta(days=3))
    planned = replace(ON_THE_SPOT, investigation=replace(FINDING, countermeasures=(measure,)))
    events = given().means(planned, HANDLER)
    assert CountermeasurePlanned(1, "s-1", MONDAY + timedelta(days=3), text="Repair it.") in events
    assert isinstance(events[-1], CustomerConfirmed)


def test_it_is_possible_only_while_nothing_else_was_done() -> None:
    given().happened(ApologyGiven("phone")).refuses(ON_THE_SPOT, "illegal-state", AGENT)


def test_steps_taken_one_by_one_are_not_on_the_spot() -> None:
    assert CustomerConfirmed("phone").on_the_spot is False
