"""The escalation ladder: who is told when a clock is not stopped, relative to its due time, each step once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from amends_domain.commands import Act, Apologize, Classify, Withdraw
from amends_domain.events import ActionTaken, CaseEscalated, DeadlineBreached, ReminderIssued
from tests.support.lives import HANDLER, HEAD, MONDAY, Life, actor, life, receive, received
from tests.support.policy_documents import build, document

DUE = MONDAY + timedelta(hours=24)
AGENT = actor("agent")


def steps(case: Life, clock: str = "apology") -> list[tuple[str, datetime]]:
    """Whom the log still owes a notice of this clock, and when."""
    found = (f for f in case.firings() if isinstance(f.event, CaseEscalated) and f.deadline.kind == clock)
    return [(f.event.to, f.at) for f in found if isinstance(f.event, CaseEscalated)]


def told(case: Life) -> list[str]:
    """The roles told by a ladder so far, in order."""
    return [f"{m.note[0]} {m.note[2]}" for m in case.told.marks if m.type == CaseEscalated.TYPE and m.note is not None]


def close_of_business(day: int) -> datetime:
    """17:30 in Shanghai on that day of March 2026."""
    return datetime(2026, 3, day, 9, 30, tzinfo=UTC)


def given(**fields: object) -> Life:
    return life().happened(received(**fields))


def breached(**fields: object) -> Life:
    return given(**fields).at(DUE).happened(DeadlineBreached("apology", 1, DUE))


def with_ladder(*ladder: dict[str, object], **clock: object) -> Life:
    clocks = {"apology": {**document()["clocks"]["apology"], **clock}}
    return life(build(clocks=clocks, ladder=list(ladder))).happened(received())


def test_the_ladder_climbs_from_service_administrator_to_head_office() -> None:
    # Due on Tuesday at ten: the first step at once, the others in business days after that.
    assert steps(breached()) == [
        ("service_admin", DUE),
        ("department_manager", close_of_business(4)),
        ("vice_president", close_of_business(5)),
        ("head_office", close_of_business(10)),
    ]


def test_a_weekend_is_no_business_time() -> None:
    friday = life(at=MONDAY + timedelta(days=3)).happened(received())
    due = friday.now + timedelta(hours=24)
    broken = friday.at(due).happened(DeadlineBreached("apology", 1, due))
    # Due on Friday: one business day after is Monday.
    assert steps(broken)[1] == ("department_manager", close_of_business(9))


def test_no_step_comes_before_the_breach_is_a_fact() -> None:
    assert steps(given()) == []
    assert steps(given().later(days=9)) == []


def test_each_step_is_an_event_once_and_says_which() -> None:
    case = breached().later(days=30).fired()
    assert [each for each in told(case) if each.startswith("apology")] == [f"apology {step}" for step in (2, 3, 4, 5)]
    assert case.fired() == case
    first = next(f.event for f in breached().firings() if isinstance(f.event, CaseEscalated))
    assert first == CaseEscalated("service_admin", "deadline", "apology", 1, 2, DUE, fell_due_at=DUE)


def test_the_ladder_stops_when_the_clock_is_met_late() -> None:
    late = breached().later(hours=1).fired().does(Apologize("phone", "Sorry."), AGENT)
    assert steps(late) == []
    assert [each for each in told(late.later(days=30).fired()) if each.startswith("apology")] == ["apology 2"]


def test_a_clock_met_in_time_tells_nobody() -> None:
    met = given().later(hours=1).does(Apologize("phone", "Sorry."), AGENT).later(days=1).fired()
    assert told(met) == []


def test_the_ladder_stops_when_the_case_is_withdrawn() -> None:
    assert steps(breached().does(Withdraw("phone", "Settled."), AGENT)) == []


def test_each_clock_climbs_by_itself() -> None:
    case = given().later(days=8).fired()
    assert {each.split()[0] for each in told(case)} == {"apology", "callback"}


def test_a_step_before_the_due_time_comes_while_the_clock_runs() -> None:
    case = with_ladder({"before": "2h", "to": "team_leader"}, {"after": "0h", "to": "service_admin"})
    assert steps(case) == [("team_leader", DUE - timedelta(hours=2))]
    assert steps(case.later(hours=22).fired()) == []
    assert told(case.later(hours=24).fired()) == ["apology 2", "apology 3"]


def test_a_step_before_the_due_time_is_not_owed_to_a_clock_that_was_met() -> None:
    case = with_ladder({"before": "2h", "to": "team_leader"}).later(hours=1).does(Apologize("phone", "…"), AGENT)
    assert case.firings() == ()


def test_a_step_before_the_start_of_a_short_clock_does_not_exist() -> None:
    assert steps(with_ladder({"before": "30h", "to": "team_leader"})) == []


def test_a_step_may_be_for_some_grades_only() -> None:
    case = with_ladder(
        {"after": "0h", "to": "service_admin"}, {"after": "0h", "to": "press", "when": {"grade": "major"}}
    )
    due = case.at(DUE).happened(DeadlineBreached("apology", 1, DUE))
    assert [role for role, _ in steps(due)] == ["service_admin"]
    raised = due.does(Classify(grade="major", reason="A journalist called."), HANDLER)
    assert sorted(role for role, _ in steps(raised)) == ["press", "service_admin"]


def test_a_step_may_be_for_some_clocks_only() -> None:
    policy = build(ladder=[{"after": "0h", "to": "service_admin", "when": {"clock": ["callback"]}}])
    case = life(policy).happened(received()).later(days=7).fired()
    assert told(case) == ["callback 3"]


def test_a_clock_may_have_a_ladder_of_its_own_or_none() -> None:
    own = with_ladder({"after": "0h", "to": "service_admin"}, ladder=[{"after": "0h", "to": "duty_officer"}])
    assert steps(own.at(DUE).happened(DeadlineBreached("apology", 1, DUE))) == [("duty_officer", DUE)]
    none = with_ladder({"after": "0h", "to": "service_admin"}, ladder=[])
    assert steps(none.at(DUE).happened(DeadlineBreached("apology", 1, DUE))) == []


def test_nobody_at_the_bank_is_told_when_it_is_the_customers_time_that_runs_out() -> None:
    case = given(type="atm_card_or_cash", cause="card_retained").does(Act("customer_told"), HEAD)
    lapsed = case.at(case.deadline("retained_card").due_at).fired()
    assert [f.deadline.kind for f in lapsed.firings() if isinstance(f.event, CaseEscalated)].count("retained_card") == 0
    assert not [each for each in told(lapsed.later(days=9).fired()) if each.startswith("retained_card")]


def test_media_cases_notify_the_general_office_at_once_and_climb_the_ladder_besides() -> None:
    case = life().does(receive(channel="media"), AGENT)
    assert [m.occurred_at for m in case.told.marks if m.type == CaseEscalated.TYPE] == [MONDAY, MONDAY]
    assert steps(case.at(DUE).happened(DeadlineBreached("apology", 1, DUE)))[0] == ("service_admin", DUE)


def test_timers_that_were_down_tell_everybody_they_should_have_oldest_first() -> None:
    case = given().later(days=3).fired()
    kinds = [m.type for m in case.told.marks if m.type != "complaint-received"]
    assert kinds == [ReminderIssued.TYPE, DeadlineBreached.TYPE, CaseEscalated.TYPE, CaseEscalated.TYPE]
    assert [m.occurred_at for m in case.told.marks] == sorted(m.occurred_at for m in case.told.marks)


def test_a_broken_promise_climbs_the_ladder_too() -> None:
    policy = build()
    assert {rule.name for rule in policy.clocks if rule.ladder} >= {"promise", "corrective_action", "apology"}


@pytest.mark.parametrize("later", [1, 5, 12])
def test_a_late_stop_after_some_steps_owes_no_further_ones(later: int) -> None:
    case = given(type="atm_card_or_cash", cause="cash_jam").later(days=7 + later).fired()
    stopped = case.happened(ActionTaken("refund_made"))
    assert "cash_jam" not in [f.deadline.kind for f in stopped.firings()]
