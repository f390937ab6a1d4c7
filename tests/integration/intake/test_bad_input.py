"""Bad input, bad keys, a dead database, a dead broker: a clear problem, and nothing changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from amends_platform.policy.files import PolicyFileError
from amends_store.migrate import migrate
from tests.support.intake import FOUND, Intake, complaint, running_intake
from tests.support.postgres import Database, PostgresServer, new_database, running_postgres

NOT_JSON = [b"", b"{", b"[1,", b"\xff\xfe", b'{"channel": "\xff"}', b'{"narrative": "\\ud800"}', b"[" * 100_000]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("a number for a text", {"narrative": 7}, "/narrative"),
    ("an empty narrative", {"narrative": ""}, "/narrative"),
    ("a null character", {"narrative": "a\x00b"}, "/narrative"),
    ("a control character in a name", {"branch": "north\nstreet"}, "/branch"),
    ("a customer without a key", {"customer": {"name": "Ms. Chen"}}, "/customer/ref"),
    ("a customer that is a text", {"customer": "C-1"}, "/customer"),
    ("an unknown kind", {"kind": "rant"}, "/kind"),
    ("an unknown field", {"narative": "typo"}, "/"),
    ("a time without a zone", {"occurred_at": "2026-03-01T10:00:00"}, "/occurred_at"),
    ("no time at all", {"reply_by": "soon"}, "/reply_by"),
    ("a text for a list", {"flags": "urgent"}, "/flags"),
    ("too many flags", {"flags": [str(n) for n in range(51)]}, "/flags"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def untouched(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Intake]:
    """One intake for all that must not change it."""
    async with new_database(postgres) as database, running_intake(database, tmp_path_factory.mktemp("keys")) as intake:
        yield intake


@pytest.mark.parametrize("content", NOT_JSON, ids=lambda content: repr(content[:20]))
async def test_what_is_no_json_is_malformed(untouched: Intake, content: bytes) -> None:
    agent = await untouched.caller("agent")
    response = await agent.post("/v1/complaints", content=content)
    assert response.status_code == 400, response.text
    await _is_problem_and_nothing_changed(untouched, response)


@pytest.mark.parametrize(("fields", "pointer"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
async def test_a_wrong_field_is_pointed_at(untouched: Intake, fields: dict[str, Any], pointer: str) -> None:
    agent = await untouched.caller("agent")
    response = await agent.post("/v1/complaints", complaint(**fields))
    assert response.status_code == 422, response.text
    assert pointer in [error["pointer"] for error in response.json()["errors"]]
    await _is_problem_and_nothing_changed(untouched, response)


@pytest.mark.parametrize("number", [10**30, float("nan"), {"limits": [{"daily": float("-inf")}]}], ids=str)
async def test_a_number_that_could_not_be_kept_as_it_is_is_refused(untouched: Intake, number: Any) -> None:
    agent = await untouched.caller("agent")
    customer = {"ref": "C-1", "account": 2**64 - 1, "balance": -0.5}
    content = json.dumps(complaint(customer=customer | {"more": number}))
    response = await agent.post("/v1/complaints", content=content)
    assert response.status_code == 422, response.text
    assert response.json()["errors"] == [
        {"pointer": "/customer", "detail": "must have no number of more than 64 bits: write it as a text"}
    ]
    await _is_problem_and_nothing_changed(untouched, response)


async def test_a_list_that_is_too_long_is_refused_whatever_is_in_it(untouched: Intake) -> None:
    agent = await untouched.caller("handler")
    case = uuid4()
    for path, body, pointer in (
        ("/v1/complaints", complaint(flags=["urgent", *[1] * 100_000]), "/flags"),
        (f"/v1/complaints/{case}/investigation", FOUND | {"countermeasures": [1] * 100_000}, "/countermeasures"),
    ):
        response = await agent.post(path, body)
        assert response.status_code == 422
        assert response.json()["errors"] == [{"pointer": pointer, "detail": "must have at most 50 entries"}]


async def test_a_wrong_value_is_never_repeated_in_the_answer(untouched: Intake) -> None:
    agent = await untouched.caller("agent")
    response = await agent.post("/v1/complaints", complaint(kind="<script>alert(1)</script>"))
    assert "<script>" not in response.text


async def test_a_complaint_is_of_one_branch_and_never_of_all_whose_cases_everybody_may_read(untouched: Intake) -> None:
    agent = await untouched.caller("agent")
    response = await agent.post("/v1/complaints", complaint(branch=" * "))
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/branch")
    await _is_problem_and_nothing_changed(untouched, response)


async def test_a_complaint_from_the_future_is_refused(untouched: Intake) -> None:
    agent = await untouched.caller("agent")
    response = await agent.post("/v1/complaints", complaint(occurred_at="2999-01-01T00:00:00Z"))
    assert (response.status_code, response.json()["type"]) == (422, "urn:amends:problem:in-the-future")
    await _is_problem_and_nothing_changed(untouched, response)


async def test_ten_megabytes_are_too_much(untouched: Intake) -> None:
    agent = await untouched.caller("agent")
    response = await agent.post("/v1/complaints", complaint(narrative="x" * 10_000_000))
    assert response.status_code == 413
    await _is_problem_and_nothing_changed(untouched, response)


async def test_a_body_that_does_not_tell_its_length_is_cut_off_at_the_limit(untouched: Intake) -> None:
    async def endless() -> Any:
        for _ in range(10_000):
            yield b"x" * 1_000

    agent = await untouched.caller("agent")
    response = await agent.post("/v1/complaints", content=endless())
    assert response.status_code == 413
    await _is_problem_and_nothing_changed(untouched, response)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
        ({"Idempotency-Key": "with blank"}, 400, "malformed-header"),
        ({"Idempotency-Key": "x" * 256}, 400, "malformed-header"),
        ({"If-Match": "seven"}, 400, "malformed-header"),
        ({"Authorization": "Bearer amends_nobody"}, 401, "unauthenticated"),
        ({"Authorization": "Basic eDp5"}, 401, "unauthenticated"),
    ],
)
async def test_a_wrong_header_is_told(untouched: Intake, headers: dict[str, str], status: int, code: str) -> None:
    agent = await untouched.caller("agent")
    response = await agent.post("/v1/complaints", content=json.dumps(complaint()).encode(), headers=headers)
    assert (response.status_code, response.json()["type"]) == (status, f"urn:amends:problem:{code}")
    await _is_problem_and_nothing_changed(untouched, response)


async def test_a_post_without_an_idempotency_key_is_asked_for_one(untouched: Intake) -> None:
    agent = await untouched.caller("agent")
    headers = {"Authorization": f"Bearer {agent._api_key}"}
    response = await untouched.client.post("/v1/complaints", json=complaint(), headers=headers)
    assert response.status_code == 428
    await _is_problem_and_nothing_changed(untouched, response)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/complaints", 405),
        ("DELETE", "/v1/complaints/x/apology", 405),
        ("POST", "/v1/complaints/", 404),
        ("POST", "/v1/complaints/x/teleportation", 404),
        ("GET", "/nowhere", 404),
    ],
)
async def test_what_does_not_exist_is_a_problem_too(untouched: Intake, method: str, path: str, status: int) -> None:
    response = await untouched.client.request(method, path)
    assert response.status_code == status
    await _is_problem_and_nothing_changed(untouched, response)


@pytest.mark.parametrize("name", ["7", "K7M2-P9QX", "00000000-0000-0000-0000-000000000000", "..%2f..", "日本"])
async def test_a_name_of_no_case_is_not_found(untouched: Intake, name: str) -> None:
    agent = await untouched.caller("agent")
    response = await agent.post(f"/v1/complaints/{name}/apology", {"by_channel": "phone", "text": "Sorry."})
    assert response.status_code == 404
    await _is_problem_and_nothing_changed(untouched, response)


@pytest.mark.parametrize("role", ["auditor", "admin"])
async def test_who_may_not_record_complaints_is_told_so(untouched: Intake, role: str) -> None:
    response = await (await untouched.caller(role)).post("/v1/complaints", complaint())
    assert (response.status_code, response.json()["type"]) == (403, "urn:amends:problem:role-not-allowed")
    await _is_problem_and_nothing_changed(untouched, response)


async def test_a_key_of_one_branch_records_for_that_branch_only(untouched: Intake) -> None:
    agent = await untouched.caller("agent", branch="harbour")
    response = await agent.post("/v1/complaints", complaint())
    assert (response.status_code, response.json()["type"]) == (403, "urn:amends:problem:other-branch")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "refund", "text": "x", "amount": 10}, "/"),
        ({"kind": "refund", "text": "x", "amount": -1, "currency": "CNY"}, "/amount"),
        ({"kind": "refund", "text": "x", "amount": "NaN", "currency": "CNY"}, "/amount"),
        ({"kind": "refund", "text": "x", "amount": 1, "currency": "yuan"}, "/currency"),
    ],
)
async def test_an_amount_is_a_number_in_a_currency(intake: Intake, body: dict[str, Any], pointer: str) -> None:
    handler = await intake.caller("handler")
    response = await handler.give(await handler.receive(), "proposals", body)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


async def test_too_many_requests_are_told_when_to_come_back(database: Database, tmp_path: Path) -> None:
    async with running_intake(database, tmp_path) as unlimited:
        settings = unlimited.settings.model_copy(update={"rate_limit": "1/s"})
        limited = Intake(database, settings)
        async with limited.app.router.lifespan_context(limited.app), limited.client:
            agent = await limited.caller("agent")
            statuses = [(await agent.post("/v1/complaints", complaint())).status_code for _ in range(2)]
            refused = await agent.post("/v1/complaints", complaint())
    assert statuses[0] == 201
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1


async def test_a_dead_database_is_unavailable_and_a_revived_one_is_served_again(tmp_path: Path) -> None:
    async with running_postgres() as server, new_database(server, "template1") as database:
        await migrate(database.url)
        async with running_intake(database, tmp_path) as intake:
            agent = await intake.caller("agent")
            await agent.receive()
            await server.kill()
            response = await agent.post("/v1/complaints", complaint(), key="once")
            assert response.status_code == 503
            assert response.headers["retry-after"]
            assert response.headers["content-type"] == "application/problem+json"
            assert (await intake.client.get("/readyz")).status_code == 503
            assert (await intake.client.get("/livez")).status_code == 200
            await server.start()
            response = await agent.post("/v1/complaints", complaint(), key="once")
            assert response.status_code == 201, response.text
            assert await database.fetchval("SELECT count(*) FROM events") == 2


async def test_intake_that_starts_before_its_database_waits_for_it(tmp_path: Path) -> None:
    async with running_postgres() as server, new_database(server, "template1") as database:
        await migrate(database.url)
        await server.stop()
        starting = asyncio.create_task(_started_and_stopped(database, tmp_path))
        await server.start()
        await asyncio.wait_for(starting, 30)


async def _started_and_stopped(database: Database, directory: Path) -> None:
    async with running_intake(database, directory):
        pass


async def test_intake_works_while_the_broker_is_dead(database: Database, tmp_path: Path) -> None:
    async with running_intake(database, tmp_path, nats_url="nats://127.0.0.1:1") as intake:
        agent = await intake.caller("agent")
        assert await agent.receive()
        assert (await intake.client.get("/readyz")).status_code == 200


async def test_an_unknown_policy_stops_intake_at_its_start(database: Database, tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError):
        async with running_intake(database, tmp_path, policy="bank-atlantis"):
            pass


async def _is_problem_and_nothing_changed(intake: Intake, response: Any) -> None:
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["detail"]
    assert problem["type"].startswith("urn:amends:problem:")
    assert await intake.database.fetchval("SELECT count(*) + (SELECT count(*) FROM receipts) FROM events") == 0
