"""Acknowledging: whoever of the desk has seen a reminder, a breach or an escalation says so, once."""

from __future__ import annotations

import pytest

from amends_domain.alerts import ALERTS, has_open_alert
from amends_domain.case import INCIDENT, Acknowledgement
from amends_domain.commands import Acknowledge, Apologize, Correct, Escalate, Reopen, Withdraw
from amends_domain.events import AlertAcknowledged, CaseEscalated, IncidentClosed, IncidentOpened
from amends_domain.hindsight import happened_at
from amends_domain.transitions import allowed
from tests.support.lives import HANDLER, MONDAY, Life, actor, life, received

AGENT = actor("agent")


def breached() -> Life:
    """A case from position 101 whose apology was warned of, broken and escalated."""
    return life(position=100).happened(received()).later(hours=25).fired()


def alerts(of: Life) -> dict[str, int]:
    """The positions of the apology's alerts, by kind."""
    return {
        ALERTS[mark.type]: mark.position
        for mark in of.told.marks
        if mark.type in ALERTS and mark.note is not None and mark.note[0] == "apology"
    }


@pytest.mark.parametrize("kind", ["reminder", "breach", "escalation"])
def test_each_kind_of_alert_is_acknowledged_by_the_position_of_its_event(kind: str) -> None:
    case = breached()
    position = alerts(case)[kind]
    assert case.means(Acknowledge(position), AGENT) == (AlertAcknowledged(position - 100, position, kind, "apology"),)


def test_what_a_person_escalated_is_an_alert_about_no_clock() -> None:
    case = life(position=100).happened(received()).does(Escalate("I cannot settle it."), HANDLER)
    assert case.means(Acknowledge(102), AGENT) == (AlertAcknowledged(2, 102, "escalation", None),)


def test_acknowledging_stops_no_clock_and_changes_no_verdict() -> None:
    case = breached()
    after = case
    for mark in case.told.marks:
        if mark.type in ALERTS:
            after = after.does(Acknowledge(mark.position), AGENT)
    assert after.deadlines() == case.deadlines()
    assert after.firings() == case.firings()
    assert (after.told.status, after.told.escalations) == (case.told.status, case.told.escalations)


def test_a_second_time_is_refused_and_says_who_was_first_and_when() -> None:
    case = breached()
    position = alerts(case)["breach"]
    seen = case.later(minutes=5).does(Acknowledge(position), AGENT)
    assert seen.told.acknowledged == (Acknowledgement(position, "a-agent", seen.now, seen.position),)
    said = seen.later(hours=1).refuses(Acknowledge(position), "already-acknowledged", HANDLER)
    assert said == f"a-agent acknowledged this breach at {seen.now.isoformat()}."


def test_what_is_no_alert_of_the_case_is_not_acknowledged() -> None:
    for position in (1, 101, 999):
        breached().refuses(Acknowledge(position), "no-such-alert", AGENT)
        life(position=100).happened(received()).refuses(Acknowledge(position), "no-such-alert", AGENT)


def test_it_is_offered_while_there_is_an_alert_that_nobody_has_seen() -> None:
    case = life(position=100).happened(received())
    assert "acknowledge" not in allowed(case.told)
    case = case.does(Escalate("…"), HANDLER)
    assert "acknowledge" in allowed(case.told)
    case = case.does(Acknowledge(102), AGENT)
    assert not has_open_alert(case.told)
    assert "acknowledge" not in allowed(case.told)
    # The last one taken: who comes too late is told by whom, not that it is impossible.
    case.refuses(Acknowledge(102), "already-acknowledged", HANDLER)


def test_alerts_of_a_closed_case_are_acknowledged_too() -> None:
    case = breached()
    position = alerts(case)["breach"]
    closed = case.does(Withdraw("phone", "…"), AGENT)
    assert closed.does(Acknowledge(position), AGENT).told.status == "withdrawn"
    assert closed.does(Reopen("overdue"), AGENT).does(Acknowledge(position), AGENT)


def test_alerts_of_an_incident_are_its_own_and_not_handed_on() -> None:
    incident = life(position=100).happened(IncidentOpened("Cards kept", "cause", "card_retained", "*", "a-supervisor"))
    told = incident.does(Escalate("Many call."), HANDLER)
    assert told.told.kind == INCIDENT
    assert told.means(Acknowledge(102), AGENT) == (AlertAcknowledged(2, 102, "escalation", None),)
    assert told.happened(IncidentClosed()).does(Acknowledge(102), AGENT)
    told.refuses(Acknowledge(102), "other-branch", actor("agent", "harbour"))


@pytest.mark.parametrize("role", ["auditor", "admin", "integration"])
def test_only_people_of_the_desk_acknowledge(role: str) -> None:
    breached().refuses(Acknowledge(102), "role-not-allowed", actor(role))


def test_an_acknowledgement_is_an_entry_that_may_be_corrected() -> None:
    case = life(position=100).happened(received(), CaseEscalated("head", "asked")).does(Acknowledge(102), AGENT)
    assert case.does(Correct(103, "It was not me."), HANDLER)


def test_in_hindsight_nobody_saw_an_alert_before_it_was_there() -> None:
    case = breached()
    position = alerts(case)["breach"]
    claimed = case.later(hours=2).does(Acknowledge(position), AGENT, occurred_at=MONDAY)
    times = happened_at(claimed.recorded, claimed.deadlines())
    assert times[-1] == times[position - 101]
    assert claimed.does(Apologize("phone", "Sorry."), AGENT)
