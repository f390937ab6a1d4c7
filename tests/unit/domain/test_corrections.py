"""Nobody edits: a wrong entry is followed by one that says what is right, and every entry has two times."""

from __future__ import annotations

from datetime import timedelta

import pytest

from amends_domain.commands import AddNote, Apologize, Correct, Escalate, Reopen, Withdraw
from amends_domain.events import (
    ApologyGiven,
    CaseEscalated,
    DeadlineBreached,
    EntryCorrected,
    ReminderIssued,
)
from amends_domain.runs import Verdict
from tests.support.lives import HANDLER, MONDAY, Life, actor, life, received

AGENT = actor("agent")


def given() -> Life:
    """A case at positions 101 (received) and 102 (apology)."""
    return life(position=100).happened(received()).later(hours=1).happened(ApologyGiven("phone"))


def test_a_wrong_entry_is_followed_by_a_correction_that_names_it() -> None:
    assert given().means(Correct(102, "It was by letter."), AGENT) == (
        EntryCorrected(corrects=2, position=102, text="It was by letter."),
    )


def test_a_correction_changes_nothing_that_was_recorded() -> None:
    corrected = given().does(Correct(102, "There was none."), AGENT)
    assert (corrected.told.status, corrected.told.corrections) == ("apologized", 1)
    assert corrected.deadline("apology").status is Verdict.MET
    assert corrected.told.marks[:2] == given().told.marks


def test_an_entry_of_another_case_is_not_corrected_here() -> None:
    given().refuses(Correct(7, "…"), "no-such-entry", AGENT)


def test_a_correction_may_be_corrected() -> None:
    assert given().does(Correct(102, "By letter."), AGENT).does(Correct(103, "By phone after all."), AGENT)


def test_what_follows_from_the_rules_is_nobodys_entry() -> None:
    broken = life().happened(received()).later(days=2).fired()
    fired = [m for m in broken.told.marks if m.type in (ReminderIssued.TYPE, DeadlineBreached.TYPE, CaseEscalated.TYPE)]
    assert {m.type for m in fired} == {ReminderIssued.TYPE, DeadlineBreached.TYPE, CaseEscalated.TYPE}
    for mark in fired:
        broken.refuses(Correct(mark.position, "It was not late."), "not-an-entry", AGENT)


def test_what_a_person_escalated_is_an_entry() -> None:
    asked = given().does(Escalate("I cannot settle it."), HANDLER)
    assert asked.does(Correct(103, "I could."), HANDLER)


def test_a_closed_case_is_corrected_once_it_is_reopened() -> None:
    closed = given().does(Withdraw("phone", "…"), AGENT)
    closed.refuses(Correct(102, "…"), "illegal-state", AGENT)
    assert closed.does(Reopen("new-facts"), AGENT).does(Correct(102, "…"), AGENT)


# When it happened, and when it was entered.


def test_an_entry_says_when_it_happened_and_when_it_was_recorded() -> None:
    late = given().later(hours=5).does(AddNote("…"), AGENT, occurred_at=MONDAY + timedelta(hours=2))
    mark = late.told.marks[-1]
    assert (mark.occurred_at, mark.recorded_at) == (MONDAY + timedelta(hours=2), MONDAY + timedelta(hours=6))


def test_nothing_is_entered_that_has_not_happened_yet() -> None:
    given().refuses(AddNote("…"), "in-the-future", AGENT, occurred_at=MONDAY + timedelta(hours=2))


def test_two_clocks_differ_a_little() -> None:
    assert given().does(AddNote("…"), AGENT, occurred_at=given().now + timedelta(seconds=30))


def test_nothing_happened_on_a_case_before_it_began() -> None:
    given().refuses(AddNote("…"), "before-the-case", AGENT, occurred_at=MONDAY - timedelta(hours=2))


@pytest.mark.parametrize(("recorded_after", "verdict"), [(24, Verdict.MET), (25, Verdict.BREACHED)])
def test_an_entry_made_late_stops_a_clock_when_it_is_recorded(recorded_after: int, verdict: Verdict) -> None:
    case = life().happened(received()).later(hours=recorded_after)
    claimed = case.does(Apologize("phone", "Sorry."), AGENT, occurred_at=MONDAY + timedelta(hours=1))
    assert claimed.deadline("apology").status is verdict
