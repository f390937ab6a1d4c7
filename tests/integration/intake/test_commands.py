"""Commands over HTTP: what is answered is what is recorded, once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from amends_domain.reference import reference_of
from tests.support.intake import Caller, Intake, complaint, running_intake

APOLOGY = {"by_channel": "phone", "text": "We are sorry."}
INVESTIGATION = {"findings": "The feed jammed.", "cause": "process_too_slow", "at_fault": True}


async def events_of(intake: Intake) -> int:
    count: int = await intake.database.fetchval("SELECT count(*) FROM events")
    return count


async def test_a_complaint_is_answered_with_its_reference_and_what_is_due(intake: Intake) -> None:
    agent = await intake.caller("agent")
    response = await agent.post("/v1/complaints", complaint())
    answer = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/v1/complaints/{answer['id']}"
    assert response.headers["etag"] == '"1"'
    assert (answer["state"], answer["version"], answer["position"]) == ("received", 1, 1)
    due = {(d["kind"], d["status"]) for d in answer["deadlines"]}
    assert due == {("apology", "pending"), ("callback", "pending"), ("statutory", "pending")}


async def test_a_whole_life_goes_from_the_call_to_the_follow_up(intake: Intake) -> None:
    agent, handler = await intake.caller("agent"), await intake.caller("handler")
    head = await intake.caller("department_head")
    case = await agent.receive()
    steps: list[tuple[Caller, str, dict[str, Any], str]] = [
        (agent, "apology", APOLOGY, "apologized"),
        (handler, "investigation", INVESTIGATION, "investigated"),
        (handler, "proposals", {"kind": "refund", "text": "Back.", "amount": 900, "currency": "CNY"}, "proposed"),
        (head, "proposals/approval", {"reason": "Fair."}, "proposed"),
        (agent, "decline", {"by_channel": "phone", "reason": "Too little."}, "investigated"),
        (head, "proposals", {"kind": "refund", "text": "More.", "amount": "1200.50", "currency": "CNY"}, "proposed"),
        (agent, "confirmation", {"by_channel": "phone"}, "customer-confirmed"),
        (agent, "follow-up", {"executed": False}, "customer-confirmed"),
        (agent, "follow-up", {"executed": True, "satisfaction": 9}, "followed-up"),
        (handler, "review", {"text": "Tell them sooner."}, "followed-up"),
        (agent, "reopening", {"reason": "recurrence"}, "received"),
        (agent, "withdrawal", {"by_channel": "phone", "reason": "Settled."}, "withdrawn"),
    ]
    for version, (who, what, body, state) in enumerate(steps, start=2):
        response = await who.give(case, what, body)
        assert response.status_code == 200, response.text
        assert (response.json()["state"], response.json()["version"]) == (state, version)
        assert response.headers["etag"] == f'"{version}"'


async def test_a_reference_stands_wherever_an_id_stands(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    spoken = case["reference"].lower().replace("-", " ")
    assert (await agent.post(f"/v1/complaints/{spoken}/apology", APOLOGY)).status_code == 200


async def test_the_reference_of_a_later_event_names_no_case(intake: Intake) -> None:
    agent = await intake.caller("agent")
    apologized = (await agent.give(await agent.receive(), "apology", APOLOGY)).json()
    response = await agent.post(f"/v1/complaints/{reference_of(apologized['position'])}/apology", APOLOGY)
    assert response.status_code == 404


async def test_a_refused_command_says_what_is_allowed_and_records_nothing(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    response = await agent.give(case, "confirmation", {"by_channel": "phone"})
    problem = response.json()
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert (problem["type"], problem["state"]) == ("urn:amends:problem:illegal-state", "received")
    assert "apologize" in problem["allowed"]
    assert await events_of(intake) == 1


async def test_the_same_key_and_request_are_answered_byte_for_byte_also_after_a_restart(
    intake: Intake, tmp_path: Path
) -> None:
    agent = await intake.caller("agent", person="agent-1")
    first = await agent.post("/v1/complaints", complaint(), key="k-1")
    apology = await agent.give(first.json(), "apology", APOLOGY, key="k-2")
    await agent.give(first.json(), "contacts", {"direction": "inbound", "channel": "phone", "summary": "Asked."})
    async with running_intake(intake.database, tmp_path) as restarted:
        again = await restarted.caller("agent", person="agent-1")
        repeated = await again.post("/v1/complaints", complaint(), key="k-1")
        assert (repeated.status_code, repeated.content) == (201, first.content)
        assert repeated.headers["idempotent-replayed"] == "true"
        repeated = await again.give(first.json(), "apology", APOLOGY, key="k-2")
        assert (repeated.status_code, repeated.content) == (200, apology.content)
    assert await events_of(intake) == 3


async def test_a_repeat_is_recognised_even_with_the_version_it_once_had(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    first = await agent.give(case, "apology", APOLOGY, key="k", if_match=1)
    again = await agent.give(case, "apology", APOLOGY, key="k", if_match=1)
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)


async def test_the_same_key_with_another_request_is_refused(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    await agent.give(case, "apology", APOLOGY, key="k")
    for what, body in [("apology", APOLOGY | {"text": "Other."}), ("withdrawal", {"by_channel": "x", "reason": "y"})]:
        response = await agent.give(case, what, body, key="k")
        assert response.status_code == 422
        assert response.json()["type"] == "urn:amends:problem:idempotency-key-reused"
    assert await events_of(intake) == 2


async def test_two_people_may_use_the_same_key(intake: Intake) -> None:
    one, other = await intake.caller("agent"), await intake.caller("agent")
    answers = [(await who.post("/v1/complaints", complaint(), key="k")).json()["id"] for who in (one, other)]
    assert len(set(answers)) == 2


async def test_a_key_sent_many_times_at_once_has_one_effect(intake: Intake) -> None:
    agent = await intake.caller("agent")
    responses = await asyncio.gather(*(agent.post("/v1/complaints", complaint(), key="k") for _ in range(16)))
    assert {r.status_code for r in responses} == {201}
    assert len({r.content for r in responses}) == 1
    assert await events_of(intake) == 1


async def test_a_command_for_a_version_that_has_passed_is_refused(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    await agent.give(case, "apology", APOLOGY)
    response = await agent.give(case, "withdrawal", {"by_channel": "phone", "reason": "Settled."}, if_match=1)
    assert response.status_code == 412
    assert response.headers["etag"] == '"2"'
    assert (await agent.give(case, "withdrawal", {"by_channel": "phone", "reason": "x"}, if_match=2)).status_code == 200


async def test_the_same_external_ref_is_recorded_once_whoever_sends_it(intake: Intake) -> None:
    agent, integration = await intake.caller("agent"), await intake.caller("integration")
    first = await agent.receive(external_ref="crm:77")
    response = await integration.post("/v1/complaints", complaint(external_ref="crm:77", channel="web"))
    assert response.status_code == 409
    assert response.json()["type"] == "urn:amends:problem:already-recorded"
    assert (response.json()["id"], response.json()["reference"]) == (first["id"], first["reference"])


async def test_sixty_four_callers_of_one_case_leave_one_unbroken_history(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    contact = {"direction": "inbound", "channel": "phone", "summary": "Asked again."}
    responses = await asyncio.gather(*(agent.give(case, "contacts", contact) for _ in range(64)))
    assert {r.status_code for r in responses} == {200}
    assert sorted(r.json()["version"] for r in responses) == list(range(2, 66))


async def test_two_intakes_on_one_case_both_get_their_turn(intake: Intake, tmp_path: Path) -> None:
    contact = {"direction": "inbound", "channel": "phone", "summary": "Asked again."}
    async with running_intake(intake.database, tmp_path) as other:
        here, there = await intake.caller("agent"), await other.caller("agent")
        case = await here.receive()
        responses = await asyncio.gather(*(who.give(case, "contacts", contact) for who in (here, there) * 10))
    assert {r.status_code for r in responses} == {200}
    assert sorted(r.json()["version"] for r in responses) == list(range(2, 22))


async def test_of_two_answers_from_the_customer_at_once_one_wins(intake: Intake) -> None:
    agent, handler = await intake.caller("agent"), await intake.caller("handler")
    case = await agent.receive()
    await agent.give(case, "apology", APOLOGY)
    await handler.give(case, "investigation", INVESTIGATION)
    await handler.give(case, "proposals", {"kind": "apology", "text": "A letter."})
    responses = await asyncio.gather(
        agent.give(case, "confirmation", {"by_channel": "phone"}),
        agent.give(case, "decline", {"by_channel": "phone", "reason": "No."}),
    )
    assert sorted(r.status_code for r in responses) == [200, 409]
    assert next(r for r in responses if r.status_code == 409).json()["allowed"]


async def test_extending_the_callback_moves_the_deadline_only_with_the_customer(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    later = {"at": (intake.now() + timedelta(days=9)).isoformat()}
    refused = await agent.give(case, "callback", later)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:amends:problem:extension-needs-contact")
    contact = await agent.give(
        case, "contacts", {"direction": "outbound", "channel": "phone", "summary": "Told.", "reason_explained": True}
    )
    moved = await agent.give(case, "callback", later | {"contact_position": contact.json()["position"]})
    assert moved.status_code == 200
    callbacks = [d for d in moved.json()["deadlines"] if d["kind"] == "callback"]
    assert [(d["status"], datetime.fromisoformat(d["due_at"])) for d in callbacks] == [
        ("pending", datetime.fromisoformat(later["at"]))
    ]


async def test_a_callback_that_has_expired_cannot_be_extended(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    await intake.pass_time(days=8)
    contact = await agent.give(
        case, "contacts", {"direction": "inbound", "channel": "phone", "summary": "Told.", "reason_explained": True}
    )
    later = {"at": (intake.now() + timedelta(days=1)).isoformat(), "contact_position": contact.json()["position"]}
    refused = await agent.give(case, "callback", later)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:amends:problem:deadline-expired")


async def test_commands_are_counted_by_what_became_of_them(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    await agent.give(case, "apology", APOLOGY, key="k")
    await agent.give(case, "apology", APOLOGY, key="k")
    await agent.give(case, "apology", APOLOGY)
    counted = (await intake.client.get("/metrics")).text
    for outcome in ("recorded", "repeated", "refused"):
        assert f'amends_commands_total{{command="apologize",outcome="{outcome}"}} 1.0' in counted
    assert "amends_command_seconds_count 2.0" in counted
