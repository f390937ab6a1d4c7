"""Merging: a case goes on as the one that the same customer raised first, and nothing that is owed is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from amends_domain.commands import (
    AgreeCallback,
    ChangeFlags,
    Classify,
    HandOver,
    KeepPromise,
    MakePromise,
    Merge,
    Propose,
    Reopen,
    Withdraw,
)
from amends_domain.decisions.links import absorb
from amends_domain.events import (
    ApologyGiven,
    CallbackAgreed,
    CallbackMade,
    CaseAbsorbed,
    CaseClassified,
    CaseEscalated,
    DeadlineBreached,
    FlagsChanged,
    GradeRaised,
    IncidentOpened,
    InvestigationCompleted,
    LinkedToIncident,
    MergedInto,
    OwnerAssigned,
    PromiseMade,
)
from amends_domain.reference import reference_of
from amends_domain.runs import Verdict
from tests.support.lives import HANDLER, MONDAY, OTHER_ID, Life, actor, life, received

AGENT = actor("agent")
MERGE = Merge(OTHER_ID, "One matter.")
SUNDAY = MONDAY - timedelta(days=1)


def first(**fields: Any) -> Life:
    """What the customer complained of on Sunday, seen on Monday."""
    return life(at=SUNDAY, case_id=OTHER_ID).happened(received(**fields)).at(MONDAY)


def second(**fields: Any) -> Life:
    """What the same customer complained of on Monday."""
    return life(position=50).happened(received(**fields))


def gained(merged: Life, survivor: Life) -> tuple[object, ...]:
    """What merging records on the case that goes on, but for the absorbing itself."""
    absorbed, *rest = absorb(survivor.told, merged.told, survivor.context(HANDLER, merged))
    assert absorbed == CaseAbsorbed(str(merged.case_id), reference_of(merged.told.first_position))
    return tuple(rest)


def test_a_merged_case_is_closed_and_says_as_what_it_goes_on() -> None:
    merged, survivor = second().merged_into(first())
    assert (merged.told.status, merged.told.merged_into) == ("merged", str(OTHER_ID))
    assert survivor.told.status == "received"
    assert survivor.told.absorbed == (str(merged.case_id),)
    assert second().means(MERGE, HANDLER, other=first()) == (
        MergedInto(str(OTHER_ID), reference_of(1), reason="One matter."),
    )


def test_a_case_is_merged_only_into_the_earlier_one() -> None:
    assert "later" in first().refuses(MERGE, "survivor-later", HANDLER, other=second())


def test_of_two_raised_at_once_the_one_recorded_first_goes_on() -> None:
    at_once = life(case_id=OTHER_ID).happened(received())
    assert second().does(MERGE, HANDLER, other=at_once)
    at_once.refuses(MERGE, "survivor-later", HANDLER, other=second())


def test_only_cases_of_the_same_customer_are_merged() -> None:
    second(customer_ref="C-2").refuses(MERGE, "other-customer", HANDLER, other=first())


def test_a_case_is_not_merged_into_itself_nor_into_none() -> None:
    second().refuses(MERGE, "same-case", HANDLER, other=second())
    second().refuses(MERGE, "no-such-case", HANDLER)


def test_a_case_is_not_merged_into_a_closed_one() -> None:
    closed = first().does(Withdraw("phone", "Settled."), HANDLER)
    assert "withdrawn" in second().refuses(MERGE, "survivor-closed", HANDLER, other=closed)


def test_a_complaint_is_not_merged_into_an_inquiry_but_an_inquiry_into_a_complaint() -> None:
    second().refuses(MERGE, "survivor-no-complaint", HANDLER, other=first(kind="inquiry"))
    assert second(kind="inquiry").does(MERGE, HANDLER, other=first())


def test_a_case_is_not_merged_into_an_incident() -> None:
    incident = life(at=SUNDAY, case_id=OTHER_ID).happened(IncidentOpened("Cards", "cause", "x", "*", "s-1"))
    second().refuses(MERGE, "other-customer", HANDLER, other=incident)


def test_a_key_of_one_branch_merges_into_cases_of_that_branch_only() -> None:
    here = actor("handler", "north-street")
    second().refuses(MERGE, "other-branch", here, other=first(branch="harbour"))
    # Nor is told whose that is.
    second(customer_ref="C-2").refuses(MERGE, "other-branch", here, other=first(branch="harbour"))
    assert second().does(MERGE, here, other=first())


# No deadline is lost.

JAM = {"type": "atm_card_or_cash", "cause": "cash_jam"}


def test_a_deadline_that_the_other_case_does_not_have_stands_in_the_way() -> None:
    assert "cash_jam" in second(**JAM).refuses(MERGE, "deadline-would-be-lost", HANDLER, other=first())
    assert second(**JAM).does(MERGE, HANDLER, other=first(**JAM))


def test_so_does_one_that_the_other_case_has_for_later() -> None:
    hurried = second(**JAM, flags=("urgent",))
    hurried.refuses(MERGE, "deadline-would-be-lost", HANDLER, other=first(**JAM))
    assert hurried.does(MERGE, HANDLER, other=first(**JAM, flags=("urgent",)))


def test_so_does_one_that_a_classification_dropped_there() -> None:
    dropped = first(**JAM).does(Classify(type="waiting_time"), HANDLER)
    second(**JAM).refuses(MERGE, "deadline-would-be-lost", HANDLER, other=dropped)


def test_one_that_was_met_there_is_not_lost() -> None:
    assert second().does(MERGE, HANDLER, other=first().happened(ApologyGiven("phone")))


def test_one_that_was_broken_there_is_a_fact_there() -> None:
    assert second().does(MERGE, HANDLER, other=first().happened(DeadlineBreached("apology", 1, MONDAY)))


@pytest.mark.parametrize("fired", [True, False], ids=["recorded", "not recorded yet"])
def test_one_that_is_overdue_is_not_lost_by_merging_either(fired: bool) -> None:
    overdue = second(**JAM).later(days=8)
    overdue = overdue.fired() if fired else overdue
    now = overdue.now
    assert "cash_jam" in overdue.refuses(MERGE, "deadline-would-be-lost", HANDLER, other=first().at(now))
    assert overdue.does(MERGE, HANDLER, other=first(**JAM).at(now))


def test_a_customer_who_waits_for_an_overdue_callback_is_called_before_the_cases_are_merged() -> None:
    called = first().at(SUNDAY).happened(CallbackMade("outbound", "phone", True))
    overdue = second().later(days=1).does(AgreeCallback(MONDAY + timedelta(days=2)), AGENT).later(days=2)
    assert "callback" in overdue.refuses(MERGE, "deadline-would-be-lost", HANDLER, other=called.at(overdue.now))
    called_since = first().at(MONDAY + timedelta(days=1)).happened(CallbackMade("outbound", "phone", True))
    assert overdue.does(MERGE, HANDLER, other=called_since.at(overdue.now))


def test_a_callback_that_is_overdue_there_is_not_put_off_by_merging() -> None:
    # The first case's week is over on its seventh day, the second's not yet.
    assert gained(second().later(days=6.5), first().later(days=6.5).fired()) == ()


def test_a_case_being_handed_off_is_answered_first() -> None:
    offered = second().does(HandOver(to_department="cards"), AGENT)
    offered.refuses(MERGE, "deadline-would-be-lost", HANDLER, other=first())


def test_what_ran_on_the_merged_case_is_over_there_and_runs_on_the_other() -> None:
    merged, survivor = second().merged_into(first())
    assert {d.status for d in merged.deadlines()} == {Verdict.CANCELLED}
    assert merged.firings() == ()
    running = {d.kind for d in survivor.deadlines() if d.status is Verdict.PENDING}
    assert running >= {"apology", "callback", "statutory"}


def test_a_breach_of_the_merged_case_stays_there() -> None:
    both = second().later(hours=30)
    merged, _ = both.merged_into(first().at(both.now).fired())
    assert merged.fired().deadline("apology").status is Verdict.BREACHED


# What goes along.

TONIGHT = MONDAY + timedelta(hours=9)


def test_promises_go_along_with_their_times() -> None:
    merging = second().does(MakePromise("I call.", TONIGHT), AGENT)
    surviving = first().does(MakePromise("I write.", TONIGHT), AGENT)
    promise = PromiseMade(2, TONIGHT, "a-agent", from_case=str(merging.case_id))
    assert gained(merging, surviving) == (promise,)
    merged, survivor = merging.merged_into(surviving)
    assert merged.told.open_promises == ()
    assert survivor.deadline("promise").due_at == TONIGHT
    assert survivor.does(KeepPromise(2), AGENT).deadline("promise").status is Verdict.MET


def test_a_promise_that_was_kept_does_not() -> None:
    assert gained(second().does(MakePromise("…", TONIGHT), AGENT).does(KeepPromise(1), AGENT), first()) == ()


def test_an_agreed_callback_goes_along_when_it_is_sooner() -> None:
    agreed = second().does(AgreeCallback(TONIGHT), AGENT)
    assert gained(agreed, first()) == (CallbackAgreed(TONIGHT),)
    assert agreed.merged_into(first())[1].deadline("callback").due_at == TONIGHT
    sooner = first().does(AgreeCallback(TONIGHT - timedelta(hours=1)), AGENT)
    assert gained(agreed, sooner) == ()


def test_a_callback_still_owed_goes_along_when_the_other_had_its_own() -> None:
    called = first().happened(CallbackMade("outbound", "phone", True))
    assert gained(second(), called) == (CallbackAgreed(MONDAY + timedelta(days=7)),)


def test_the_case_that_was_repeated_does_not_become_a_repeat_by_taking_the_other_in() -> None:
    assert gained(second(flags=("repeat",)), first()) == ()


def test_flags_and_the_higher_grade_go_along() -> None:
    assert gained(second(flags=("vulnerable", "urgent"), grade="major"), first(flags=("urgent",))) == (
        FlagsChanged(("vulnerable",)),
        GradeRaised("major", "ordinary", by_rule=True),
    )
    assert gained(second(), first(grade="major")) == ()


def test_staff_complained_of_go_along_and_an_owner_among_them_gives_the_case_up() -> None:
    assert gained(second(complained_of=("a-agent",), owner="s-2"), first(owner="a-agent")) == (
        CaseClassified(complained_of=("a-agent",)),
        OwnerAssigned("head_of_unit:north-street", "a-agent"),
        CaseEscalated("head_of_unit", "recusal"),
    )


def test_the_incident_that_it_belongs_to_goes_along() -> None:
    linked = second().happened(LinkedToIncident("i-1"))
    assert gained(linked, first()) == (LinkedToIncident("i-1"),)
    assert gained(linked, first().happened(LinkedToIncident("i-2"))) == ()


def test_a_refusal_waiting_for_the_customer_takes_an_approval_when_a_persistent_case_joins() -> None:
    refused = first().happened(ApologyGiven("phone"), InvestigationCompleted("x", False))
    proposed = refused.does(Propose("refusal", "No more."), HANDLER)
    _, survivor = second(flags=("persistent",)).merged_into(proposed)
    assert survivor.told.approval_pending


def test_a_merged_case_can_be_reopened_when_the_merge_was_a_mistake() -> None:
    merged, _ = second().merged_into(first())
    again = merged.later(days=2).does(Reopen("new-facts"), AGENT)
    assert (again.told.status, again.told.merged_into) == ("received", None)
    assert again.deadline("apology").due_at == again.now + timedelta(hours=24)


@pytest.mark.parametrize("flag", ["vulnerable", "media-threat"])
def test_a_flag_of_the_merged_case_counts_on_the_other_from_then(flag: str) -> None:
    _, survivor = second().does(ChangeFlags((flag,)), AGENT).merged_into(first())
    assert flag in survivor.told.flags
