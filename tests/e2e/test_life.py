"""A complaint's whole life over HTTP, in both services: what was answered holds, also after a restart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from tests.support.intake import complaint
from tests.support.system import System


@dataclass(frozen=True)
class Step:
    """A command of the life, who gives it, and the state it leads to."""

    what: str
    role: str
    body: dict[str, Any]
    state: str
    allowed: tuple[str, ...]


_ALWAYS = (
    *("withdraw", "merge", "assign", "hand-off", "contact", "agree-callback", "promise", "act", "classify", "flag"),
    *("escalate", "extend", "retime", "link", "correct", "note", "hold"),
)
LIFE = (
    Step("apology", "agent", {"by_channel": "phone", "text": "We are sorry."}, "apologized", ("investigate",)),
    Step(
        "contacts",
        "agent",
        {"direction": "outbound", "channel": "phone", "summary": "Asked what happened."},
        "apologized",
        ("investigate",),
    ),
    Step(
        "investigation",
        "handler",
        {"findings": "The fee was quoted wrongly.", "cause": "basic_work_error_at_outlet", "at_fault": True},
        "investigated",
        ("propose",),
    ),
    Step(
        "proposals",
        "handler",
        {"kind": "refund", "text": "The fee back.", "amount": "300.00", "currency": "CNY"},
        "proposed",
        ("approve", "reject"),
    ),
    Step("proposals/approval", "supervisor", {"reason": "It is fair."}, "proposed", ("confirm", "decline")),
    Step("confirmation", "agent", {"by_channel": "phone"}, "customer-confirmed", ("follow-up",)),
    Step("follow-up", "handler", {"executed": True, "satisfaction": 8}, "followed-up", ("review", "reopen")),
    Step("review", "handler", {"text": "Quote from the list next time."}, "followed-up", ("review", "reopen")),
    Step("reopening", "agent", {"reason": "new-facts"}, "received", ("apologize", "on-the-spot")),
    Step("withdrawal", "agent", {"by_channel": "phone", "reason": "Settled."}, "withdrawn", ("reopen",)),
)


@dataclass(frozen=True)
class Lived:
    """A life as it was answered: by intake to each command, and by workflow right after it."""

    received: httpx.Response
    commands: list[httpx.Response]
    cases: list[dict[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lived(system: System) -> Lived:
    received = await system.caller("agent").post("/v1/complaints", complaint(customer={"ref": "C-life"}))
    case = received.json()
    commands, cases = [], []
    for step in LIFE:
        response = await system.caller(step.role).give(case, step.what, step.body)
        assert response.status_code == 200, f"{step.what}: {response.text}"
        commands.append(response)
        cases.append(await system.case(response.json()))
    return Lived(received, commands, cases)


def test_a_complaint_is_created_with_its_address_version_and_first_clocks(lived: Lived) -> None:
    assert lived.received.status_code == 201
    case = lived.received.json()
    assert lived.received.headers["location"] == f"/v1/complaints/{case['id']}"
    assert lived.received.headers["etag"] == '"1"'
    assert list(case) == ["id", "reference", "state", "version", "position", "deadlines"]
    assert (case["state"], case["version"]) == ("received", 1)
    assert {each["kind"]: each["status"] for each in case["deadlines"]} == {"apology": "pending", "callback": "pending"}


@pytest.mark.parametrize("number", range(len(LIFE)), ids=[step.what for step in LIFE])
def test_each_command_leads_where_the_life_cycle_says(lived: Lived, number: int) -> None:
    answer = lived.commands[number].json()
    assert answer["state"] == LIFE[number].state
    assert lived.commands[number].headers["etag"] == f'"{answer["version"]}"'
    assert (answer["id"], answer["reference"]) == (lived.received.json()["id"], lived.received.json()["reference"])


@pytest.mark.parametrize("number", range(len(LIFE)), ids=[step.what for step in LIFE])
def test_what_was_written_is_read_at_once_and_both_services_say_the_same(lived: Lived, number: int) -> None:
    answer, case = lived.commands[number].json(), lived.cases[number]
    assert case["position"] >= answer["position"]
    if case["position"] == answer["position"]:  # otherwise a reminder came in between
        assert {name: case[name] for name in ("id", "reference", "state", "version", "position")} == {
            name: answer[name] for name in ("id", "reference", "state", "version", "position")
        }
    expected = {"hold", *LIFE[number].allowed}
    if LIFE[number].state not in ("followed-up", "withdrawn"):
        expected |= set(_ALWAYS)
    assert set(case["allowed"]) == expected


def test_every_command_of_a_life_raises_the_version(lived: Lived) -> None:
    versions = [1, *(response.json()["version"] for response in lived.commands)]
    assert versions == sorted(set(versions))
    assert lived.cases[-1]["cycle"] == 2


async def test_a_case_is_shown_as_it_was_at_any_time(system: System, lived: Lived) -> None:
    events = (await system.ask(f"/v1/cases/{lived.cases[0]['id']}/events")).json()["items"]
    recorded_at = {event["position"]: event["recorded_at"] for event in events}
    for step, response in zip(LIFE, lived.commands, strict=True):
        answer = response.json()
        then = await system.case(answer, as_of=recorded_at[answer["position"]])
        at_position = await system.case(answer, position=answer["position"])
        assert then["state"] == at_position["state"] == step.state
        assert then["version"] == at_position["version"] == answer["version"]
    before = await system.ask(f"/v1/cases/{lived.cases[0]['id']}", as_of="2020-01-01T00:00:00Z")
    assert before.status_code == 404


async def test_the_reference_stands_wherever_the_id_may(system: System) -> None:
    agent = system.caller("agent")
    case = await agent.receive()
    response = await agent.post(
        f"/v1/complaints/{case['reference']}/apology", {"by_channel": "phone", "text": "We are sorry."}
    )
    assert response.status_code == 200
    shown = await system.ask(f"/v1/cases/{case['reference']}", min_position=response.json()["position"])
    assert (shown.json()["id"], shown.json()["state"]) == (case["id"], "apologized")


async def test_a_command_for_a_version_that_has_passed_is_refused_with_the_present_one(system: System) -> None:
    agent = system.caller("agent")
    case = await agent.receive()
    apology = {"by_channel": "phone", "text": "We are sorry."}
    assert (await agent.give(case, "apology", apology, if_match=1)).status_code == 200
    contact = {"direction": "inbound", "channel": "phone", "summary": "They ask."}
    refused = await agent.give(case, "contacts", contact, if_match=1)
    assert refused.status_code == 412
    assert refused.headers["etag"] == f'"{refused.json()["version"]}"'


async def test_an_illegal_command_is_answered_with_what_is_legal_and_leaves_no_trace(system: System) -> None:
    agent = system.caller("agent")
    case = await agent.receive()
    refused = await agent.give(case, "confirmation", {"by_channel": "phone"})
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert (problem["status"], problem["state"]) == (409, "received")
    assert set(problem["allowed"]) == {"apologize", "on-the-spot", *_ALWAYS}
    events = (await system.ask(f"/v1/cases/{case['id']}/events")).json()["items"]
    assert "customer-confirmed" not in [event["type"] for event in events]


async def test_a_list_is_walked_to_its_end_page_by_page(system: System) -> None:
    agent = system.caller("agent")
    branch = f"branch-{uuid4().hex[:8]}"
    received = [await agent.receive(branch=branch) for _ in range(7)]
    seen: list[str] = []
    page = await system.ask("/v1/cases", branch=branch, limit=3, min_position=received[-1]["position"])
    while True:
        body = page.json()
        seen += [item["id"] for item in body["items"]]
        if body["next"] is None:
            break
        page = await system.ask(body["next"])
    assert sorted(seen) == sorted(case["id"] for case in received)


async def test_a_repeat_gets_the_first_answer_byte_for_byte_also_after_a_restart(system: System, lived: Lived) -> None:
    agent = system.caller("agent")
    receive_key, apologize_key = uuid4().hex, uuid4().hex
    body, apology = complaint(), {"by_channel": "phone", "text": "We are sorry."}
    first = await agent.post("/v1/complaints", body, key=receive_key)
    path = f"/v1/complaints/{first.json()['id']}/apology"
    second = await agent.post(path, apology, key=apologize_key)
    # The case moves on, so that an answer made anew would be another one.
    await agent.give(first.json(), "withdrawal", {"by_channel": "phone", "reason": "Settled."})

    async def repeats_are_the_first_answers() -> None:
        again = system.caller("agent")
        for path, sent, key, answered in (
            ("/v1/complaints", body, receive_key, first),
            (path_of_apology, apology, apologize_key, second),
        ):
            repeat = await again.post(path, sent, key=key)
            assert (repeat.status_code, repeat.content) == (answered.status_code, answered.content)
            assert repeat.headers["etag"] == answered.headers["etag"]
            assert repeat.headers["idempotent-replayed"] == "true"

    path_of_apology = path
    await repeats_are_the_first_answers()
    head, standing = await system.head(), await system.case(lived.cases[-1])
    await system.stop()
    await system.start()
    assert await system.case(lived.cases[-1]) == standing
    await repeats_are_the_first_answers()
    other = await system.caller("agent").post("/v1/complaints", complaint(branch="harbour"), key=receive_key)
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")
    async with system.database() as connection:
        since = await connection.fetch("SELECT actor FROM events WHERE position > $1", head)
    assert {row["actor"] for row in since} <= {"system:workflow"}, "a repeat records nothing"
