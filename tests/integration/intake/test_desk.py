"""Every rule of the desk over HTTP: ownership, promises, what becomes known, longer terms, the ways out."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.intake import AGREED, FOUND, LETTER, NO, REFUND, SORRY, Caller, Intake, running_intake

ON_THE_SPOT = {"apology": SORRY, "investigation": FOUND, "proposal": LETTER, "confirmation": AGREED}


async def declined(intake: Intake) -> tuple[dict[str, Any], Caller]:
    """A case whose customer declined the proposal, and its handler."""
    handler = await intake.caller("handler")
    case = await handler.receive()
    for what, body in (("apology", SORRY), ("investigation", FOUND), ("proposals", LETTER), ("decline", NO)):
        await handler.must(case, what, body)
    return case, handler


def due(answer: dict[str, Any], clock: str) -> dict[str, Any]:
    """The latest run of a clock in an answer."""
    return next(each for each in answer["deadlines"] if each["kind"] == clock)


async def test_settled_on_the_spot_is_one_append(intake: Intake) -> None:
    handler = await intake.caller("handler")
    case = await handler.receive()
    answer = await handler.must(case, "on-the-spot", ON_THE_SPOT)
    assert (answer["state"], answer["version"]) == ("customer-confirmed", 5)
    rows = await intake.rows("SELECT position, type, recorded_at FROM events ORDER BY position")
    assert [(row["position"], row["type"]) for row in rows[1:]] == [
        (2, "apology-given"),
        (3, "investigation-completed"),
        (4, "resolution-proposed"),
        (5, "customer-confirmed"),
    ]
    assert len({row["recorded_at"] for row in rows[1:]}) == 1


async def test_on_the_spot_is_all_or_nothing(intake: Intake) -> None:
    handler = await intake.caller("handler")
    case = await handler.receive()
    assert await handler.may_not(case, "on-the-spot", ON_THE_SPOT | {"proposal": REFUND}) == (409, "approval-pending")
    response = await handler.give(case, "on-the-spot", ON_THE_SPOT | {"proposal": LETTER | {"amount": "5"}})
    assert [error["pointer"] for error in response.json()["errors"]] == ["/proposal"]
    assert await intake.types(case) == ["complaint-received"]
    await handler.must(case, "apology", SORRY)
    assert await handler.may_not(case, "on-the-spot", ON_THE_SPOT) == (409, "illegal-state")


async def test_a_promise_is_a_clock_until_it_is_kept(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    at = intake.now() + timedelta(hours=2)
    called = {"direction": "inbound", "channel": "phone", "summary": "Asked."}
    answer = await agent.must(case, "contacts", called | {"promise": {"text": "A fitter.", "due_at": at.isoformat()}})
    first = due(answer, "promise")
    assert (first["number"], first["status"], datetime.fromisoformat(first["due_at"])) == (1, "pending", at)
    answer = await agent.must(case, "promises", {"text": "A letter.", "due_at": at.isoformat()})
    assert due(answer, "promise")["number"] == 2
    answer = await agent.must(case, "promises/1/kept", {"text": "He came."})
    promises = {each["number"]: each["status"] for each in answer["deadlines"] if each["kind"] == "promise"}
    assert promises == {1: "met", 2: "pending"}
    assert await agent.may_not(case, "promises/1/kept", {}) == (409, "promise-settled")
    assert await agent.may_not(case, "promises/7/kept", {}) == (422, "no-such-promise")
    assert await agent.may_not(case, "promises/0/kept", {}) == (422, "invalid-parameters")
    assert await agent.may_not(case, "promises/first/kept", {}) == (422, "invalid-parameters")


async def test_a_promise_is_kept_after_the_case_is_closed(intake: Intake) -> None:
    handler = await intake.caller("handler")
    case = await handler.receive()
    at = (intake.now() + timedelta(days=2)).isoformat()
    await handler.must(case, "promises", {"text": "The money is there by then.", "due_at": at})
    await handler.must(case, "on-the-spot", ON_THE_SPOT)
    await handler.must(case, "follow-up", {"executed": True, "satisfaction": 8})
    answer = await handler.must(case, "promises/1/kept", {})
    assert (answer["state"], due(answer, "promise")["status"]) == ("followed-up", "met")


async def test_nothing_is_promised_for_the_past_or_to_a_customer_not_reached(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    past = (intake.now() - timedelta(minutes=5)).isoformat()
    assert await agent.may_not(case, "promises", {"text": "x", "due_at": past}) == (422, "in-the-past")
    missed = {"direction": "outbound", "channel": "phone", "summary": "No answer.", "reached": False}
    soon = (intake.now() + timedelta(hours=1)).isoformat()
    promised = missed | {"promise": {"text": "x", "due_at": soon}}
    assert await agent.may_not(case, "contacts", promised) == (422, "customer-not-reached")


async def test_a_hand_off_counts_only_once_it_is_accepted(intake: Intake) -> None:
    agent, receiver = await intake.caller("agent"), await intake.caller("handler")
    case = await agent.receive()
    offered = await agent.must(case, "handoffs", {"owner": receiver.person, "reason": "It is theirs."})
    assert due(offered, "hand_off")["status"] == "pending"
    assert await agent.may_not(case, "handoffs", {"department": "cards"}) == (409, "hand-off-pending")
    assert await receiver.may_not(case, "assignment", {"owner": "s-1"}) == (409, "hand-off-pending")
    stranger = await intake.caller("handler")
    assert await stranger.may_not(case, "handoffs/acceptance", {}) == (403, "not-the-receiver")
    assert due(await receiver.must(case, "handoffs/acceptance", {}), "hand_off")["status"] == "met"
    await receiver.must(case, "handoffs", {"department": "cards"})
    await stranger.must(case, "handoffs/refusal", {"reason": "Not ours."})
    assert await receiver.may_not(case, "handoffs/refusal", {"reason": "x"}) == (409, "illegal-state")
    assert (await intake.events(case))[2] == (
        "hand-off-accepted",
        {"owner": receiver.person, "previous_owner": agent.person},
    )


@pytest.mark.parametrize("body", [{}, {"owner": "s-1", "department": "cards"}])
async def test_a_case_is_offered_to_exactly_one(intake: Intake, body: dict[str, Any]) -> None:
    agent = await intake.caller("agent")
    response = await agent.give(await agent.receive(), "handoffs", body)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == ["/"]


async def test_what_becomes_known_is_recorded_and_a_grade_is_never_lowered(intake: Intake) -> None:
    handler = await intake.caller("handler")
    case = await handler.receive(kind="inquiry")
    told = {"kind": "complaint", "type": "waiting_time", "grade": "escalated", "reason": "It is one."}
    answer = await handler.must(case, "classification", told)
    assert {each["kind"] for each in answer["deadlines"]} >= {"apology", "callback", "statutory"}
    assert await handler.may_not(case, "classification", {"kind": "praise"}) == (409, "kind-never-lowered")
    assert await handler.may_not(case, "classification", {"grade": "ordinary"}) == (409, "grade-never-lowered")
    assert await handler.may_not(case, "classification", {"grade": "major"}) == (422, "reason-missing")
    assert await handler.may_not(case, "classification", {}) == (409, "nothing-changes")
    response = await handler.give(case, "classification", {"grade": "enormous", "reason": "x"})
    assert [error["pointer"] for error in response.json()["errors"]] == ["/grade"]


async def test_staff_who_are_named_later_give_the_case_up(intake: Intake) -> None:
    handler, other = await intake.caller("handler"), await intake.caller("handler")
    case = await handler.receive()
    await handler.must(case, "apology", SORRY)
    await other.must(case, "classification", {"complained_of": [handler.person]})
    assert "owner-assigned" in await intake.types(case)
    assert await handler.may_not(case, "investigation", FOUND) == (403, "recused")


async def test_flags_come_and_go(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive(flags=["vulnerable"])
    await agent.must(case, "flags", {"add": ["urgent"], "remove": ["vulnerable"], "reason": "It is the rent."})
    type_, changed = (await intake.events(case))[-1]
    assert (type_, changed["added"], changed["removed"]) == ("flags-changed", ["urgent"], ["vulnerable"])
    assert await agent.may_not(case, "flags", {"add": ["urgent"]}) == (409, "nothing-changes")
    assert await agent.may_not(case, "flags", {}) == (422, "invalid-body")
    assert await agent.may_not(case, "flags", {"add": ["x"], "remove": ["x"]}) == (422, "invalid-body")


async def test_a_person_escalates_to_the_next_role_of_the_ladder(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    await agent.must(case, "escalation", {"reason": "They shout."})
    await agent.must(case, "escalation", {"reason": "Still.", "to": "head_office"})
    escalated = [data["to"] for type_, data in await intake.events(case) if type_ == "case-escalated"]
    assert escalated == ["service_admin", "head_office"]


async def test_a_countermeasure_with_a_date_is_a_clock_also_after_the_case(intake: Intake) -> None:
    handler = await intake.caller("handler")
    case = await handler.receive()
    await handler.must(case, "apology", SORRY)
    soon, later = ((intake.now() + timedelta(days=days)).isoformat() for days in (5, 50))
    planned = ["Say so at the counter.", {"text": "Service it.", "owner": "s-9", "due_at": later}]
    planned.append({"text": "Put up a sign.", "due_at": soon})
    answer = await handler.must(case, "investigation", FOUND | {"countermeasures": planned})
    assert [d["number"] for d in answer["deadlines"] if d["kind"] == "corrective_action"] == [2, 1]
    await handler.must(case, "withdrawal", NO)
    done = await handler.must(case, "actions", {"action": "corrective_action_done", "number": 1})
    assert {d["number"]: d["status"] for d in done["deadlines"] if d["kind"] == "corrective_action"}[1] == "met"
    nine = {"action": "corrective_action_done", "number": 9}
    assert await handler.may_not(case, "actions", nine) == (422, "no-such-countermeasure")
    assert await handler.may_not(case, "actions", {"action": "refund_made"}) == (409, "illegal-state")


async def test_a_clock_gets_its_longer_terms_in_order_by_whom_the_policy_names(intake: Intake) -> None:
    agent, supervisor = await intake.caller("agent"), await intake.caller("supervisor")
    head = await intake.caller("department_head")
    case = await agent.receive()
    longer = {"clock": "statutory", "reason": "The papers are abroad."}
    assert await head.may_not(case, "extensions", longer) == (409, "extension-not-allowed")
    flagged = await agent.must(case, "flags", {"add": ["complex"]})
    assert await agent.may_not(case, "extensions", longer) == (403, "role-not-allowed")
    assert await supervisor.may_not(case, "extensions", longer) == (403, "beyond-authority")
    extended = await head.must(case, "extensions", longer)
    thirty, sixty = (datetime.fromisoformat(due(answer, "statutory")["due_at"]) for answer in (flagged, extended))
    assert sixty - thirty == timedelta(days=30)
    assert [d["status"] for d in extended["deadlines"] if d["kind"] == "statutory"] == ["pending"]
    assert await head.may_not(case, "extensions", longer | {"clock": "none"}) == (409, "clock-not-running")


async def test_a_running_clock_is_judged_by_a_new_policy_only_when_it_is_asked_for(
    intake: Intake, tmp_path: Path
) -> None:
    agent, head = await intake.caller("agent"), await intake.caller("department_head")
    case = await agent.receive()
    asked = {"clock": "statutory", "reason": "The law changed."}
    assert await head.may_not(case, "retiming", asked) == (409, "nothing-changes")
    assert await head.may_not(case, "retiming", asked | {"clock": "cash_jam"}) == (409, "clock-not-running")
    draft = tmp_path / "policy.yaml"
    draft.write_text(
        "policy: bank-cn\nversion: 99\neffective_from: 2026-01-01\ntimezone: Asia/Shanghai\n"
        "calendar: {country: CN, business_hours: '09:00-17:30', workdays: [mon, tue, wed, thu, fri]}\n"
        "clocks:\n  statutory: {from: complaint-received, stop: [customer-confirmed], due: 20d}\n"
    )
    async with running_intake(intake.database, tmp_path, policy=str(draft)) as later:
        head = await later.caller("department_head")
        noted = await head.must(case, "notes", {"text": "Nothing has moved."})
        before = datetime.fromisoformat(due(noted, "statutory")["due_at"])
        retimed = await head.must(case, "retiming", asked)
        assert datetime.fromisoformat(due(retimed, "statutory")["due_at"]) - before == timedelta(days=5)
        assert await head.may_not(case, "retiming", asked | {"clock": "apology"}) == (422, "no-such-clock")


async def test_closing_without_satisfying_the_customer_takes_two_approvals(intake: Intake) -> None:
    case, handler = await declined(intake)
    head, executive = await intake.caller("department_head"), await intake.caller("executive")
    why = {"reason": "All was offered."}
    assert (await handler.must(case, "unsatisfied-closure", why))["state"] == "investigated"
    assert (await head.must(case, "unsatisfied-closure", why))["state"] == "investigated"
    assert await head.may_not(case, "unsatisfied-closure", why) == (409, "already-approved")
    assert (await executive.must(case, "unsatisfied-closure", why))["state"] == "closed-unsatisfied"
    closed = (await intake.events(case))[-1]
    assert closed == ("closed-unsatisfied", {"approved_by": [head.person, executive.person], "liable": handler.person})
    reopened = await handler.must(case, "reopening", {"reason": "overdue"})
    assert (reopened["state"], due(reopened, "apology")["status"]) == ("received", "pending")


async def test_a_case_whose_customer_declined_nothing_is_not_closed_unsatisfied(intake: Intake) -> None:
    head = await intake.caller("department_head")
    case = await head.receive()
    assert await head.may_not(case, "unsatisfied-closure", {"reason": "x"}) == (409, "illegal-state")


@pytest.mark.parametrize("kind", ["inquiry", "suggestion", "praise"])
async def test_what_is_no_complaint_does_not_run_the_life_cycle(intake: Intake, kind: str) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive(kind=kind)
    assert await agent.may_not(case, "apology", SORRY) == (409, "not-a-complaint")
    await agent.must(case, "contacts", {"direction": "inbound", "channel": "phone", "summary": "Thanks."})
