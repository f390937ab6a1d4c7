"""Clocks of other packs on the same case: each by its own calendar, with its own stop, and all of them due."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from amends_domain.commands import Act, Extend, Withdraw
from amends_domain.events import CustomerConfirmed
from amends_domain.policy import Policy
from amends_domain.runs import Verdict
from tests.support.lives import HANDLER, HEAD, Life, life, received
from tests.support.policy_documents import NO_HOLIDAYS, document

REPLY = {
    "from": "complaint-received",
    "stop": ["action:decision_sent"],
    "due": "1bd",
    "extend": [{"to": "2bd", "requires": {"approval": "department_head"}}],
}
US: dict[str, Any] = {
    "policy": "us-like",
    "version": 1,
    "effective_from": document()["effective_from"],
    "timezone": "America/New_York",
    "calendar": {"country": "US", "business_hours": "09:00-17:00", "workdays": ["mon", "tue", "wed", "thu", "fri"]},
    "clocks": {"us_reply": REPLY},
}
# Tuesday is a day off in New York and none in Shanghai.
US_DAYS = {**NO_HOLIDAYS, "holidays": {"2026-03-03": "Town Day"}}


def given() -> Life:
    snapshot = {**NO_HOLIDAYS, "packs": {"us-like": {"document": US, "calendar": US_DAYS}}}
    clocks = {**document()["clocks"], "cn_reply": REPLY}
    policy = Policy.build(document(include=["us-like"], clocks=clocks), snapshot)
    return life(policy).happened(received())


def test_several_packs_run_on_one_case_each_clock_by_its_own_calendar() -> None:
    # Monday morning in Shanghai is Sunday evening in New York.
    case = given()
    assert case.deadline("cn_reply").due_at == datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
    assert case.deadline("us_reply").due_at == datetime(2026, 3, 2, 22, 0, tzinfo=UTC)


def test_a_longer_term_of_a_pack_counts_by_the_packs_calendar() -> None:
    case = given().does(Extend("us_reply", "Two banks."), HEAD).does(Extend("cn_reply", "Two banks."), HEAD)
    assert case.deadline("us_reply").due_at == datetime(2026, 3, 4, 22, 0, tzinfo=UTC)
    assert case.deadline("cn_reply").due_at == datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


def test_each_has_its_own_stop() -> None:
    confirmed = given().happened(CustomerConfirmed("phone"))
    assert confirmed.deadline("statutory").status is Verdict.MET
    assert confirmed.deadline("us_reply").status is Verdict.PENDING
    sent = confirmed.does(Act("decision_sent"), HANDLER)
    assert {sent.deadline(kind).status for kind in ("us_reply", "cn_reply")} == {Verdict.MET}


def test_withdrawing_ends_those_of_every_pack() -> None:
    withdrawn = given().does(Withdraw("phone", "Settled."), HANDLER)
    assert {deadline.status for deadline in withdrawn.deadlines()} == {Verdict.CANCELLED}


def test_a_clock_of_a_pack_climbs_the_ladder_of_the_desk() -> None:
    assert given().later(days=9).fired().told.escalated_to[0] == "service_admin"
