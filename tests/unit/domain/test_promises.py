"""Promises to customers and countermeasures: what somebody said would happen by a time is a clock of its own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from amends_domain.commands import (
    Act,
    Apologize,
    Countermeasure,
    FollowUp,
    Investigate,
    KeepPromise,
    MakePromise,
    PromiseToCustomer,
    RecordContact,
    Reopen,
    Withdraw,
)
from amends_domain.events import (
    ActionTaken,
    ApologyGiven,
    CallbackMade,
    ClosedUnsatisfied,
    CountermeasurePlanned,
    CustomerConfirmed,
    DeadlineBreached,
    InvestigationCompleted,
    PromiseMade,
    ReminderIssued,
    ResolutionProposed,
)
from amends_domain.runs import Verdict
from tests.support.lives import HANDLER, MONDAY, Life, actor, life, received

IN_15_MINUTES = MONDAY + timedelta(minutes=15)
TONIGHT = MONDAY + timedelta(hours=9)
AGENT = actor("agent")


def given() -> Life:
    return life().happened(received())


def promised() -> Life:
    """A case on which two things were promised, the later one first."""
    return given().does(MakePromise("The fitter comes.", TONIGHT)).does(MakePromise("I call.", IN_15_MINUTES), AGENT)


def statuses(case: Life) -> list[Verdict]:
    return [deadline.status for deadline in case.runs("promise")]


def test_a_promise_is_a_clock_due_at_the_promised_time() -> None:
    assert given().does(MakePromise("Within 15 minutes.", IN_15_MINUTES)).deadline("promise").due_at == IN_15_MINUTES


def test_a_promise_carries_the_staff_id_of_whoever_made_it_and_a_number() -> None:
    assert given().means(MakePromise("I call.", TONIGHT), AGENT) == (
        PromiseMade(1, TONIGHT, "a-agent", text="I call."),
    )
    assert [(each.number, each.by) for each in promised().told.open_promises] == [
        (1, "a-department_head"),
        (2, "a-agent"),
    ]


def test_each_promise_is_a_clock_of_its_own() -> None:
    assert [(d.number, d.due_at, d.status) for d in promised().runs("promise")] == [
        (1, TONIGHT, Verdict.PENDING),
        (2, IN_15_MINUTES, Verdict.PENDING),
    ]


def test_keeping_a_promise_stops_its_clock_and_no_other() -> None:
    kept = promised().does(KeepPromise(1))
    assert statuses(kept) == [Verdict.MET, Verdict.PENDING]
    assert [each.number for each in kept.told.open_promises] == [2]


def test_calling_back_is_not_keeping_a_promise() -> None:
    assert statuses(promised().happened(CallbackMade("outbound", "phone", True))) == [Verdict.PENDING] * 2


def test_a_promise_is_for_a_time_to_come() -> None:
    given().refuses(MakePromise("By then.", MONDAY), "in-the-past")


def test_a_promise_entered_late_is_recorded_though_it_is_broken_by_then() -> None:
    entered = given().later(hours=1).does(MakePromise("At once.", IN_15_MINUTES), AGENT, occurred_at=MONDAY)
    assert entered.fired().deadline("promise").status is Verdict.BREACHED


def test_a_promise_may_be_made_in_a_contact_and_is_recorded_with_it() -> None:
    told = RecordContact("inbound", "phone", True, "Asked.", promise=PromiseToCustomer("The fitter comes.", TONIGHT))
    assert given().does(told).deadline("promise").due_at == TONIGHT


def test_a_contact_whose_promise_is_refused_is_not_recorded_at_all() -> None:
    told = RecordContact("inbound", "phone", True, "Asked.", promise=PromiseToCustomer("At once.", MONDAY))
    given().refuses(told, "in-the-past")


def test_nothing_is_promised_to_a_customer_who_was_not_reached() -> None:
    missed = RecordContact("outbound", "phone", False, "…", promise=PromiseToCustomer("I call again.", TONIGHT))
    given().refuses(missed, "customer-not-reached")


def test_a_promise_is_kept_once() -> None:
    promised().does(KeepPromise(1)).refuses(KeepPromise(1), "promise-settled")


def test_what_was_never_promised_is_not_kept() -> None:
    promised().refuses(KeepPromise(3), "no-such-promise")


def test_a_promise_not_kept_in_time_is_a_breach_and_stays_one_when_it_is_kept_late() -> None:
    broken = promised().later(minutes=16).fired()
    assert statuses(broken) == [Verdict.PENDING, Verdict.BREACHED]
    late = broken.does(KeepPromise(2))
    assert statuses(late) == [Verdict.PENDING, Verdict.BREACHED]
    assert late.told.open_promises == promised().told.open_promises[:1]


def test_a_promise_is_warned_of_as_any_clock() -> None:
    warned = [f for f in promised().firings() if isinstance(f.event, ReminderIssued) and f.deadline.number == 2]
    assert [f.at for f in warned] == [MONDAY + timedelta(minutes=11, seconds=15)]


def closed(how: str) -> Life:
    if how == "withdrawn":
        return promised().does(Withdraw("phone", "Settled."))
    investigated = promised().happened(ApologyGiven("phone"), InvestigationCompleted("process_too_slow", True))
    if how == "closed-unsatisfied":
        return investigated.happened(ClosedUnsatisfied(("a", "b"), "a-agent"))
    return investigated.happened(ResolutionProposed("apology"), CustomerConfirmed("phone")).does(FollowUp(True, 9))


@pytest.mark.parametrize("how", ["followed-up", "closed-unsatisfied"])
def test_a_promise_outlives_the_case_and_may_be_kept_on_a_closed_one(how: str) -> None:
    case = closed(how)
    assert statuses(case) == [Verdict.PENDING] * 2
    assert statuses(case.does(KeepPromise(2))) == [Verdict.PENDING, Verdict.MET]
    assert "promise" in [
        f.deadline.kind for f in case.later(hours=1).firings() if isinstance(f.event, DeadlineBreached)
    ]


def test_withdrawing_ends_what_was_promised() -> None:
    withdrawn = closed("withdrawn")
    assert statuses(withdrawn) == [Verdict.CANCELLED] * 2
    withdrawn.refuses(KeepPromise(1), "illegal-state")


def test_promises_are_counted_on_over_a_reopening() -> None:
    again = closed("withdrawn").does(Reopen("broken-promise")).later(minutes=1).does(MakePromise("Truly.", TONIGHT))
    assert [each.number for each in again.told.open_promises] == [3]


# Countermeasures

NEXT_WEEK = MONDAY + timedelta(days=7)
TRAINING = Countermeasure("Train the counter.", "s-17", NEXT_WEEK)
SIGN = Countermeasure("A sign at the machine.", None, TONIGHT)
SOME_DAY = Countermeasure("Think about it.", "s-17")


def planned(*measures: Countermeasure) -> Life:
    return given().does(Apologize("phone", "Sorry.")).does(Investigate("It jammed.", "cash_jam", True, measures))


def test_countermeasures_from_an_investigation_carry_an_owner_and_a_date() -> None:
    case = planned(TRAINING, SIGN)
    assert [(c.number, c.by, c.due_at) for c in case.told.open_countermeasures] == [
        (1, "s-17", NEXT_WEEK),
        (2, "a-agent", TONIGHT),
    ]
    assert [d.due_at for d in case.runs("corrective_action")] == [NEXT_WEEK, TONIGHT]


def test_a_countermeasure_without_a_date_is_recorded_and_is_no_clock() -> None:
    found, *rest = (
        given().does(Apologize("phone", "Sorry.")).means(Investigate("…", "cash_jam", True, (SOME_DAY,)), HANDLER)
    )
    assert isinstance(found, InvestigationCompleted)
    assert found.countermeasures == ("Think about it.",)
    assert rest == []


def test_a_countermeasure_is_for_a_time_to_come() -> None:
    late = Investigate("…", "cash_jam", True, (Countermeasure("Too late.", "s-17", MONDAY),))
    given().does(Apologize("phone", "Sorry.")).refuses(late, "in-the-past")


def test_carrying_out_a_countermeasure_stops_its_clock_and_no_other() -> None:
    done = planned(TRAINING, SIGN).does(Act("corrective_action_done", number=1))
    assert [d.status for d in done.runs("corrective_action")] == [Verdict.MET, Verdict.PENDING]


def test_without_a_number_the_countermeasure_due_first_was_carried_out() -> None:
    assert planned(TRAINING, SIGN).means(Act("corrective_action_done")) == (ActionTaken("corrective_action_done", 2),)


def test_a_countermeasure_is_carried_out_once() -> None:
    done = planned(TRAINING).does(Act("corrective_action_done", number=1))
    done.refuses(Act("corrective_action_done", number=1), "no-such-countermeasure")


def test_a_countermeasure_not_carried_out_in_time_is_a_breach() -> None:
    assert planned(SIGN).later(days=1).fired().deadline("corrective_action").status is Verdict.BREACHED


@pytest.mark.parametrize("how", ["followed-up", "withdrawn"])
def test_a_countermeasure_outlives_the_case(how: str) -> None:
    open_case = planned(TRAINING)
    if how == "withdrawn":
        case = open_case.does(Withdraw("phone", "Settled."))
    else:
        case = open_case.happened(ResolutionProposed("apology"), CustomerConfirmed("phone")).does(FollowUp(True, 9))
    assert case.deadline("corrective_action").status is Verdict.PENDING
    assert case.does(Act("corrective_action_done")).deadline("corrective_action").status is Verdict.MET


def test_on_a_closed_case_only_countermeasures_are_carried_out() -> None:
    withdrawn = planned(TRAINING).does(Withdraw("phone", "Settled."))
    withdrawn.refuses(Act("refund_made"), "illegal-state")


def test_planned_events_name_number_owner_and_date() -> None:
    events = given().does(Apologize("phone", "Sorry.")).means(Investigate("…", "cash_jam", True, (TRAINING,)))
    assert events[1] == CountermeasurePlanned(1, "s-17", NEXT_WEEK, text="Train the counter.")
