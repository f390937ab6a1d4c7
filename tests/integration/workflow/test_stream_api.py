"""The live stream over HTTP: its headers, its parameters, who may listen, and a server that stops."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from amends_domain.commands import Escalate
from amends_platform.identity.principals import create_key, revoke_key
from amends_workflow.live_shapes import Happening
from tests.integration.workflow.conftest import TENANT, Log, Workflow
from tests.support.server_sent import Listener, listening

PATH = "/v1/stream"


async def key_of(workflow: Workflow, role: str = "handler", branch: str | None = None) -> str:
    conn = await asyncpg.connect(workflow.database.url)
    try:
        return await create_key(conn, role=role, tenant=TENANT, branch=branch)
    finally:
        await conn.close()


def bearer(key: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", **more}


def types(listener: Listener) -> list[tuple[str, str]]:
    return [(each.event, each.data["type"]) for each in listener.sent]


async def test_what_happens_comes_as_server_sent_events_of_the_documented_shape(log: Log, workflow: Workflow) -> None:
    headers = bearer(await key_of(workflow))
    async with listening(workflow.app, PATH, headers) as listener:
        await listener.until_listening()
        assert listener.status == 200
        assert listener.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert listener.headers["cache-control"] == "no-store"
        assert listener.headers["x-accel-buffering"] == "no"
        assert "content-length" not in listener.headers
        case_id = await log.receive(channel="media")
        await log.give(case_id, Escalate("The press has called.", to="vice_president"))
        # The press has clocks of its own, which escalate it as it arrives: whose comes first is chance.
        await listener.until(lambda: "vice_president" in {each.data.get("to") for each in listener.sent})
    for each in listener.sent:
        assert Happening.model_validate(each.data).position == each.id
    said_to = [each for each in listener.sent if each.data.get("to") == "vice_president"]
    assert [(each.event, each.data["type"]) for each in said_to] == [("escalation", "case-escalated")]
    document = (await workflow.client.get("/openapi.json")).json()
    said = document["paths"][PATH]["get"]["responses"]["200"]["content"]["text/event-stream"]["schema"]
    assert said == {"$ref": "#/components/schemas/Happening"}
    assert "Happening" in document["components"]["schemas"]


async def test_the_last_event_id_of_a_browser_comes_before_the_address_it_was_opened_with(
    log: Log, workflow: Workflow
) -> None:
    for _ in range(3):
        await log.receive()
    headers = bearer(await key_of(workflow), **{"Last-Event-ID": "2"})
    async with listening(workflow.app, PATH, headers, after=0, kinds=["case", "breach"]) as listener:
        await listener.until(lambda: listener.positions == [3])


async def test_a_key_of_one_branch_hears_of_it_and_of_the_incidents_of_all(log: Log, workflow: Workflow) -> None:
    headers = bearer(await key_of(workflow, branch="harbour"))
    async with (
        listening(workflow.app, PATH, headers) as listener,
        listening(workflow.app, PATH, headers, branch="north-street") as elsewhere,
    ):
        await listener.until_listening()
        await elsewhere.until_listening()
        await log.receive(branch="north-street")
        await log.open_incident("cause", "cash_jam", branch="*")
        await log.receive(branch="harbour")
        await listener.until(lambda: len(listener.sent) == 2)
        assert [each.data["branch"] for each in listener.sent] == ["*", "harbour"]
        assert elsewhere.sent == []


async def test_a_revoked_key_hears_no_more(workflow: Workflow) -> None:
    key = await key_of(workflow)
    async with listening(workflow.app, PATH, bearer(key)) as listener:
        await listener.until_listening()
        conn = await asyncpg.connect(workflow.database.url)
        try:
            await revoke_key(conn, key, tenant=TENANT)
        finally:
            await conn.close()
        await listener.until(listener.ended.is_set)


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ({"after": -1}, {}),
        ({"kinds": "gossip"}, {}),
        ({"limit": 1}, {}),
        ({}, {"Last-Event-ID": "yesterday"}),
        ({"after": 2**63}, {}),
    ],
)
async def test_what_cannot_be_listened_to_is_a_problem(
    workflow: Workflow, query: dict[str, Any], headers: dict[str, str]
) -> None:
    async with listening(workflow.app, PATH, bearer(await key_of(workflow), **headers), **query) as listener:
        await listener.until(listener.ended.is_set)
        assert listener.status == 422
        assert listener.headers["content-type"].startswith("application/problem+json")


async def test_who_may_not_read_cases_may_not_listen_either(workflow: Workflow) -> None:
    for headers, status in (({}, 401), (bearer(await key_of(workflow, "admin")), 403)):
        async with listening(workflow.app, PATH, headers) as listener:
            await listener.until(listener.ended.is_set)
            assert listener.status == status
