"""Many writers at once over HTTP: every version and every position once, and a reader of the log misses nothing."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson

from amends_store.read import read_log
from amends_store.records import StoredEvent
from tests.support.intake import Caller, complaint
from tests.support.system import System
from tests.support.tailing import tailing

WRITERS = 64
COMMANDS = 2
ROLES = ("agent", "handler", "supervisor", "department_head")


def contact(writer: int, number: int) -> dict[str, Any]:
    # The channel is a clear field: it tells whose contact an event is.
    return {"direction": "inbound", "channel": f"line-{writer}-{number}", "summary": "They ask how long it takes."}


def writers(system: System) -> list[Caller]:
    return [system.caller(ROLES[number % len(ROLES)]) for number in range(WRITERS)]


async def log_since(system: System, position: int, up_to: int) -> list[StoredEvent]:
    async with system.database() as connection:
        return await read_log(connection, after=position, limit=up_to - position)


def answers_of(responses: list[httpx.Response], status: int) -> list[dict[str, Any]]:
    assert Counter(response.status_code for response in responses) == {status: len(responses)}
    return [response.json() for response in responses]


async def test_64_writers_on_one_case_get_a_version_each_and_none_is_left_out(system: System) -> None:
    everyone = writers(system)
    case = await everyone[0].receive()

    async def write(writer: int) -> list[httpx.Response]:
        return [await everyone[writer].give(case, "contacts", contact(writer, n)) for n in range(COMMANDS)]

    async with tailing(system.database_url) as tail:
        responses = await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
        seen = await tail.caught_up()
    answers = answers_of([response for of_one in responses for response in of_one], 200)
    log = await log_since(system, tail.after, seen[-1].position)
    the_reader_saw_everything(seen, log)
    events = [event for event in log if str(event.stream_id) == case["id"]]
    assert [event.version for event in events] == list(range(2, len(events) + 2))
    # Reminders may have come in between; the writers' own versions are all different, and as they were answered.
    contacts = [event for event in events if event.type == "contact-recorded"]
    assert sorted((event.version, event.position) for event in contacts) == sorted(
        (answer["version"], answer["position"]) for answer in answers
    )
    assert Counter(orjson.loads(event.data)["channel"] for event in contacts) == Counter(
        f"line-{writer}-{number}" for writer in range(WRITERS) for number in range(COMMANDS)
    )


async def test_64_writers_on_many_cases_leave_no_gap_and_a_reader_misses_nothing(system: System) -> None:
    everyone = writers(system)

    async def write(writer: int) -> list[httpx.Response]:
        received = await everyone[writer].post("/v1/complaints", complaint(customer={"ref": f"C-{writer % 8}"}))
        case = received.json()
        return [received, *[await everyone[writer].give(case, "contacts", contact(writer, n)) for n in range(COMMANDS)]]

    async with tailing(system.database_url) as tail:
        responses = await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
        seen = await tail.caught_up()
    log = await log_since(system, tail.after, seen[-1].position)
    the_reader_saw_everything(seen, log)
    assert [event.position for event in log] == list(range(tail.after + 1, tail.after + len(log) + 1))
    answered_at = {answer["position"]: answer for of_one in responses for answer in map(httpx.Response.json, of_one)}
    assert len(answered_at) == WRITERS * (1 + COMMANDS)
    recorded = {event.position: event for event in log if event.actor.startswith("dev-")}
    assert recorded.keys() == answered_at.keys()
    for position, answer in answered_at.items():
        assert (str(recorded[position].stream_id), recorded[position].version) == (answer["id"], answer["version"])
    versions: defaultdict[UUID, list[int]] = defaultdict(list)
    for event in log:
        versions[event.stream_id].append(event.version)
    new = [versions[UUID(of_one[0].json()["id"])] for of_one in responses]
    assert new == [list(range(1, len(each) + 1)) for each in new]


async def test_of_64_who_decided_on_the_same_version_one_may(system: System) -> None:
    everyone = writers(system)
    case = await everyone[0].receive()
    responses = await asyncio.gather(
        *(caller.give(case, "contacts", contact(n, 0), if_match=1) for n, caller in enumerate(everyone))
    )
    assert Counter(response.status_code for response in responses) == {200: 1, 412: WRITERS - 1}


async def test_64_repeats_at_once_have_one_effect_and_one_answer(system: System) -> None:
    agent = system.caller("agent")
    body, key = complaint(external_ref=None, customer={"ref": f"C-{uuid4().hex}"}), uuid4().hex
    responses = await asyncio.gather(*(agent.post("/v1/complaints", body, key=key) for _ in range(WRITERS)))
    answers_of(responses, 201)
    assert len({response.content for response in responses}) == 1
    timeline = await system.ask(
        f"/v1/customers/{body['customer']['ref']}/timeline", min_position=responses[0].json()["position"]
    )
    assert len(timeline.json()["cases"]) == 1


async def test_of_64_keys_for_one_external_ref_one_is_recorded(system: System) -> None:
    everyone = writers(system)
    body = complaint(external_ref=f"crm-{uuid4().hex}")
    responses = await asyncio.gather(*(caller.post("/v1/complaints", body) for caller in everyone))
    assert Counter(response.status_code for response in responses) == {201: 1, 409: WRITERS - 1}
    winner = next(response.json() for response in responses if response.status_code == 201)
    assert {response.json()["id"] for response in responses} == {winner["id"]}


def the_reader_saw_everything(seen: list[StoredEvent], log: list[StoredEvent]) -> None:
    # Compared whole: what a reader has seen must be what it stays.
    assert seen == log
