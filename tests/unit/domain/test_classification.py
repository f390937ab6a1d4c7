"""What becomes known of a case later: clocks that it calls for, clocks that it proves mistaken, facts that it tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from amends_domain.commands import Act, Apologize, ChangeFlags, Classify, Investigate
from amends_domain.events import CaseClassified, FlagsChanged
from amends_domain.runs import Verdict
from tests.support.lives import HANDLER, MONDAY, Life, actor, life, received
from tests.support.policy_documents import build, document

AGENT = actor("agent")
JAM = Classify(type="atm_card_or_cash", cause="cash_jam")
NOT_A_MACHINE = Classify(type="waiting_time")
FOUND_ANOTHER_CAUSE = Investigate("They queued.", "process_too_slow", True)
DUE = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)
"""Five business days after Monday: close of business on the next Monday."""


def given(**fields: Any) -> Life:
    return life().happened(received(**fields))


def jammed() -> Life:
    return given(type="atm_card_or_cash", cause="cash_jam")


def test_classifying_tells_what_is_known_and_leaves_the_rest() -> None:
    told = Classify(type="waiting_time", severity="high", desired_outcomes=("respect", "never_again"))
    case = given(product="card").does(told, AGENT).told
    assert (case.type, case.severity, case.product, case.cause) == ("waiting_time", "high", "card", None)
    assert case.desired_outcomes == ("respect", "never_again")


def test_classifying_without_telling_anything_is_refused() -> None:
    given().refuses(Classify(), "nothing-changes", AGENT)
    given().refuses(Classify(kind="complaint"), "nothing-changes", AGENT)


def test_flags_are_added_and_removed_once() -> None:
    case = given(flags=("urgent",))
    outcome = case.means(ChangeFlags(("urgent", "vulnerable", "vulnerable"), ("complex",)), AGENT)
    assert outcome == (FlagsChanged(("vulnerable",)),)
    case.refuses(ChangeFlags(("urgent",)), "nothing-changes", AGENT)
    assert case.does(ChangeFlags(remove=("urgent",)), AGENT).told.flags == ()


def test_a_clock_called_for_by_what_becomes_known_later_runs_from_the_event_it_names() -> None:
    known = given().later(days=3).does(JAM, AGENT)
    deadline = known.deadline("cash_jam")
    assert (deadline.started_at, deadline.due_at, deadline.status) == (MONDAY, DUE, Verdict.PENDING)


def test_it_may_be_late_at_once() -> None:
    assert given().later(days=8).does(JAM, AGENT).fired().deadline("cash_jam").status is Verdict.BREACHED


def test_what_was_done_before_it_was_known_counts() -> None:
    refunded = given().later(days=1).does(Act("refund_made"), HANDLER)
    known = refunded.later(days=3).does(JAM, AGENT)
    assert known.deadline("cash_jam").status is Verdict.MET
    assert known.deadline("refund_call").started_at == refunded.now


def test_urgent_counts_from_the_flag_in_whichever_order_it_becomes_known() -> None:
    on_wednesday = given().later(days=2)
    flag = ChangeFlags(("urgent",))
    tonight = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
    for first, second in ((JAM, flag), (flag, JAM)):
        case = on_wednesday.does(first, AGENT).later(minutes=1).does(second, AGENT)
        assert case.deadline("cash_jam").due_at == tonight
        assert case.deadline("cash_jam").status is Verdict.PENDING


def test_a_longer_term_that_was_earned_before_counts_in_whichever_order_it_becomes_known() -> None:
    clocks = {
        "reply": {
            "from": "complaint-received",
            "stop": ["action:decision_sent"],
            "due": "10bd",
            "when": {"type": ["atm"]},
            "extend": [{"to": "45d", "requires": {"action": "provisional_credit"}}],
        }
    }
    case = life(build(clocks={**document()["clocks"], **clocks}, ladder=[])).happened(received())
    credited = Act("provisional_credit")
    for first, second in ((credited, Classify(type="atm")), (Classify(type="atm"), credited)):
        known = case.later(days=1).does(first, HANDLER).later(days=1).does(second, HANDLER)
        assert known.deadline("reply").due_at == MONDAY + timedelta(days=45)


def test_a_clock_is_not_started_twice_by_telling_the_same_again() -> None:
    assert len(jammed().does(JAM, AGENT).does(Classify(severity="high"), AGENT).runs("cash_jam")) == 1


def test_an_investigations_cause_may_call_for_a_clock() -> None:
    case = given(type="atm_card_or_cash").does(Apologize("phone", "Sorry."), AGENT)
    assert case.does(Investigate("It jammed.", "cash_jam", True), HANDLER).deadline("cash_jam").due_at == DUE


def test_a_classification_proven_mistaken_cancels() -> None:
    case = jammed().later(days=1).does(NOT_A_MACHINE, AGENT)
    assert case.deadline("cash_jam").status is Verdict.CANCELLED
    assert "cash_jam" not in [f.deadline.kind for f in case.firings()]


def test_a_classification_that_comes_too_late_does_not_undo_the_breach() -> None:
    assert jammed().later(days=8).does(NOT_A_MACHINE, AGENT).deadline("cash_jam").status is Verdict.BREACHED


def test_a_clock_dropped_by_mistake_runs_again_and_is_due_when_it_was() -> None:
    case = jammed().later(days=1).does(NOT_A_MACHINE, AGENT).later(days=1).does(JAM, AGENT)
    assert [(d.status, d.due_at) for d in case.runs("cash_jam")] == [
        (Verdict.CANCELLED, DUE),
        (Verdict.PENDING, DUE),
    ]


def test_an_investigations_cause_never_cancels() -> None:
    case = jammed().does(Apologize("phone", "Sorry."), AGENT).does(FOUND_ANOTHER_CAUSE, HANDLER)
    assert case.deadline("cash_jam").status is Verdict.PENDING


@pytest.mark.parametrize(
    "unrelated",
    [Classify(severity="high"), Classify(complained_of=("s-17",)), Classify(desired_outcomes=("respect",))],
    ids=["severity", "complained-of", "desired-outcomes"],
)
def test_nor_does_a_classification_that_tells_nothing_about_it(unrelated: Classify) -> None:
    case = jammed().does(Apologize("phone", "Sorry."), AGENT).does(FOUND_ANOTHER_CAUSE, HANDLER)
    assert case.does(unrelated, AGENT).deadline("cash_jam").status is Verdict.PENDING


def test_flags_never_cancel() -> None:
    clocks = {
        "care": {"from": "complaint-received", "stop": ["callback-made"], "due": "4h", "when": {"flag": ["vulnerable"]}}
    }
    case = life(build(clocks={**document()["clocks"], **clocks})).happened(received(flags=("vulnerable",)))
    removed = case.does(ChangeFlags(remove=("vulnerable",)), AGENT)
    assert removed.deadline("care").status is Verdict.PENDING


def test_a_flag_may_call_for_a_clock() -> None:
    clocks = {
        "care": {"from": "complaint-received", "stop": ["callback-made"], "due": "4h", "when": {"flag": ["vulnerable"]}}
    }
    case = life(build(clocks={**document()["clocks"], **clocks})).happened(received()).later(hours=1)
    assert case.does(ChangeFlags(("vulnerable",)), AGENT).deadline("care").due_at == MONDAY + timedelta(hours=4)


def test_a_clock_is_judged_by_the_policy_of_the_event_it_starts_from() -> None:
    other = {**document()["clocks"], "cash_jam": {**document()["clocks"]["cash_jam"], "due": "1bd"}}
    told = Classify(type="atm", cause="cash_jam")
    case = life(build()).happened(received()).under(build(version=4, clocks=other)).later(days=1).does(told, AGENT)
    assert (case.deadline("cash_jam").due_at, case.deadline("cash_jam").policy) == (DUE, build().hash)


def test_a_classification_says_only_what_was_told() -> None:
    assert given().means(Classify(cause="special_terms", reason="Page 7."), AGENT) == (
        CaseClassified(cause="special_terms", reason="Page 7."),
    )
