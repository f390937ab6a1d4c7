"""Personal data is opened for a purpose, by one of several grants; each reading is on record before it is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio

from amends_domain.access.grants import Grant
from amends_platform.identity.authenticating import Authenticator
from amends_platform.identity.principals import Principal
from amends_workflow.shapes import ReadingPage
from tests.support.console import Desk, words_of
from tests.support.intake import Caller, refused

WORDS = "Nobody told me when I get my card back."


@pytest_asyncio.fixture(loop_scope="session")
async def case(desk: Desk) -> dict[str, Any]:
    handler = await desk.intake.caller("handler")
    return await handler.receive(narrative=WORDS, customer={"ref": "C-77", "name": "Ms. Chen"})


@pytest_asyncio.fixture(loop_scope="session")
async def workflow(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(desk.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://workflow") as client:
        yield client


async def key_of(desk: Desk, role: str, branch: str | None = None) -> str:
    return (await desk.stranger(role, branch=branch)).api_key


async def ask(
    client: httpx.AsyncClient, path: str, key: str, purpose: str | None = None, **more: str
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}", **more}
    if purpose is not None:
        headers["Amends-Purpose"] = purpose
    return await client.get(path, headers=headers)


async def vouch(desk: Desk, monkeypatch: pytest.MonkeyPatch, somebody: Principal) -> str:
    """What this person shows, as if an identity provider had said what they are granted."""
    key = await key_of(desk, "admin")
    authenticate = Authenticator.authenticate

    async def vouched(self: Authenticator, authorization: str | None, address: str | None = None) -> Principal:
        if authorization == f"Bearer {key}":
            return somebody
        return await authenticate(self, authorization, address)

    monkeypatch.setattr(Authenticator, "authenticate", vouched)
    return key


async def readings(desk: Desk, case: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What is on record of the case and its customer, the first first."""
    rows = await desk.intake.rows(
        "SELECT role, branch, purpose, answer, case_id, customer_ref FROM personal_data_readings"
        " WHERE case_id = $1 OR customer_ref = 'C-77' ORDER BY id",
        UUID(case["id"]),
    )
    return [tuple(row.values()) for row in rows]


async def test_each_way_to_read_it_is_recorded_once_a_request_and_what_reads_nothing_is_not(
    desk: Desk, workflow: httpx.AsyncClient, case: dict[str, Any]
) -> None:
    handler, supervisor = await key_of(desk, "handler", "north-street"), await key_of(desk, "supervisor")
    before, at = await readings(desk, case), f"min_position={case['position']}"
    trace = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
    for path in (f"/v1/cases/{case['id']}/events?{at}", f"/v1/cases/{case['id']}/evidence"):
        assert (await ask(workflow, path, handler, **trace)).status_code == 200
    for path in (f"/v1/customers/C-77/timeline?{at}", "/v1/customers/C-77/export"):
        assert (await ask(workflow, path, supervisor, "supervision" if "timeline" in path else None)).status_code == 200
    visitor = await desk.visitor("handler", branch="north-street")
    assert WORDS in await visitor.see(f"/cases/{case['reference']}")
    # None of these opens anything.
    for path in (
        f"/v1/cases/{case['id']}",
        "/v1/cases",
        f"/v1/cases/{case['id']}/evidence?personal=false",
        "/v1/alerts",
    ):
        assert (await ask(workflow, path, handler)).status_code == 200
    assert (await ask(workflow, f"/v1/cases/{case['id']}/events", await key_of(desk, "integration"))).status_code == 200
    of_case = (UUID(case["id"]), "C-77")
    assert (await readings(desk, case))[len(before) :] == [
        ("handler", "north-street", "handling", "events", *of_case),
        ("handler", "north-street", "handling", "evidence", *of_case),
        ("supervisor", None, "supervision", "timeline", None, "C-77"),
        ("supervisor", None, "customer-request", "subject-access", None, "C-77"),
        ("handler", "north-street", "handling", "case-page", *of_case),
    ]
    (row,) = await desk.intake.rows(
        "SELECT DISTINCT correlation_id FROM personal_data_readings WHERE answer = 'events'"
    )
    assert row["correlation_id"] == UUID(hex="ab" * 16)


async def test_an_auditor_says_what_for_and_sees_nothing_sealed_before(
    desk: Desk, workflow: httpx.AsyncClient, case: dict[str, Any]
) -> None:
    auditor, path = await key_of(desk, "auditor"), f"/v1/cases/{case['id']}/events"
    before = await readings(desk, case)
    (event,) = (await ask(workflow, path, auditor)).json()["items"]
    assert (event["personal"], event["personal_missing"]) == (None, "purpose-missing")
    assert refused(await ask(workflow, path, auditor, "handling")) == (403, "purpose-not-allowed")
    assert refused(await ask(workflow, path, auditor, "curiosity")) == (422, "no-such-purpose")
    assert refused(await ask(workflow, path, await key_of(desk, "agent"), "legal")) == (403, "purpose-not-allowed")
    assert await readings(desk, case) == before
    assert WORDS in (await ask(workflow, path, auditor, "legal")).text
    assert [row[2] for row in await readings(desk, case)] == [*(row[2] for row in before), "legal"]


async def test_in_the_console_an_auditor_chooses_what_for(desk: Desk, case: dict[str, Any]) -> None:
    visitor, path = await desk.visitor("auditor"), f"/cases/{case['reference']}"
    page = words_of(await visitor.see(path))
    assert WORDS not in page
    assert "sealed: say what you read it for" in page
    answer = await visitor.send("/preferences", {"next": path, "purpose": "audit"})
    assert answer.headers["location"] == path
    assert WORDS in words_of(await visitor.see(path))
    await visitor.send("/preferences", {"next": path, "purpose": "handling"})
    assert WORDS not in words_of((await visitor.get(path)).text)
    shown = words_of(await visitor.see(f"/audit?case={case['reference']}"))
    assert visitor.person in shown
    assert "an audit" in shown
    assert "Nobody read any." in words_of(await visitor.see("/audit?person=nobody"))
    assert "Who read personal data" not in words_of(await (await desk.visitor("handler")).see("/audit"))


async def test_what_cannot_be_recorded_is_not_shown(
    desk: Desk, workflow: httpx.AsyncClient, case: dict[str, Any]
) -> None:
    handler, visitor = await key_of(desk, "handler"), await desk.visitor("handler")
    paths = [f"/v1/cases/{case['id']}/events", f"/v1/cases/{case['id']}/evidence", "/v1/customers/C-77/timeline"]
    paths.append("/v1/customers/C-77/export")
    connection = await asyncpg.connect(desk.database.url)
    try:
        await connection.execute("REVOKE INSERT ON personal_data_readings FROM amends_workflow")
        for path in paths:
            answer = await ask(workflow, path, handler)
            assert refused(answer) == (503, "reading-not-recorded")
            assert answer.headers["retry-after"] == "2"
            assert WORDS not in answer.text
        page = await visitor.get(f"/cases/{case['reference']}")
        assert page.status_code == 503
        assert WORDS not in page.text
        # Who is shown nothing sealed needs no record of it.
        assert (await ask(workflow, f"/v1/cases/{case['id']}", handler)).status_code == 200
    finally:
        await connection.execute("GRANT INSERT ON personal_data_readings TO amends_workflow")
        await connection.close()
    assert WORDS in (await ask(workflow, paths[0], handler)).text


async def test_the_reasons_of_holds_that_intake_shows_are_recorded_too(desk: Desk) -> None:
    head, handler = await desk.intake.caller("department_head"), await desk.intake.caller("handler")
    case = await handler.receive(customer={"ref": "C-78"})
    await head.must(case, "legal-hold", {"reason": "The court has asked for it."})
    answer = await handler.post("/v1/customers/C-78/erasure", {"reason": "asked by letter"})
    assert refused(answer) == (409, "legal-hold")
    (row,) = await desk.intake.rows("SELECT * FROM personal_data_readings WHERE customer_ref = 'C-78'")
    assert (row["person"], row["role"], row["purpose"], row["answer"]) == (
        *(handler.person, "handler", "handling", "legal-holds"),
    )


async def test_auditors_and_heads_read_who_read_each_of_their_branches(
    desk: Desk, workflow: httpx.AsyncClient, case: dict[str, Any]
) -> None:
    reader = await desk.stranger("handler")
    await ask(workflow, f"/v1/cases/{case['id']}/events?min_position={case['position']}", reader.api_key)
    await ask(workflow, "/v1/customers/C-77/timeline", reader.api_key)
    auditor = await key_of(desk, "auditor")
    path = f"/v1/audit/readings?person={reader.person}"
    found = ReadingPage.model_validate((await ask(workflow, path, auditor)).json())
    assert [(each.answer, each.reference) for each in found.items] == [
        ("timeline", None),
        ("events", case["reference"]),
    ]
    first = (await ask(workflow, f"{path}&limit=1", auditor)).json()
    second = (await ask(workflow, first["next"], auditor)).json()
    assert [*first["items"], *second["items"]] == (await ask(workflow, path, auditor)).json()["items"]
    assert second["next"] is None
    asked = {
        f"case={case['reference']}": 1,
        f"case={case['id']}": 1,
        "customer=C-77": 2,
        "customer=C-78": 0,
        f"from={found.items[0].read_at.isoformat().replace('+', '%2B')}": 1,
        f"to={found.items[0].read_at.isoformat().replace('+', '%2B')}": 1,
    }
    for more, count in asked.items():
        assert len((await ask(workflow, f"{path}&{more}", auditor)).json()["items"]) == count, more
    for branch, count in (("north-street", 1), ("harbour", 0)):
        head = await key_of(desk, "department_head", branch)
        assert len((await ask(workflow, path, head)).json()["items"]) == count, branch
    assert refused(await ask(workflow, path, reader.api_key)) == (403, "role-not-allowed")


async def test_who_has_several_grants_sees_and_does_what_each_permits(
    desk: Desk, workflow: httpx.AsyncClient, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = await desk.intake.caller("handler")
    theirs = await writer.receive(branch="harbour", narrative="At the harbour.", customer={"ref": "C-77"})
    third = await writer.receive(branch="market", customer={"ref": "C-77"})
    grants = (Grant("agent", "north-street"), Grant("supervisor", "north-street"), Grant("integration", "harbour"))
    key = await vouch(desk, monkeypatch, Principal("s-several", "default", grants))
    listed = (await ask(workflow, f"/v1/cases?customer=C-77&min_position={third['position']}", key)).json()["items"]
    assert {item["id"] for item in listed} >= {case["id"], theirs["id"]}
    assert third["id"] not in {item["id"] for item in listed}
    timeline = await ask(workflow, "/v1/customers/C-77/timeline", key)
    assert WORDS in timeline.text
    assert "At the harbour." not in timeline.text
    assert "personal" not in (await ask(workflow, f"/v1/cases/{theirs['id']}/events", key)).json()["items"][0]
    (row,) = await desk.intake.rows("SELECT role, branch FROM personal_data_readings WHERE person = 's-several'")
    assert tuple(row.values()) == ("supervisor", "north-street")
    caller = Caller(desk.intake.client, key, "s-several")
    assert await caller.may_not(case, "proposals/approval", {"reason": "…"}) == (409, "illegal-state")
    assert await caller.may_not(theirs, "apology", {"by_channel": "phone", "text": "…"}) == (403, "role-not-allowed")
    assert await caller.may_not(third, "notes", {"text": "…"}) == (403, "other-branch")
    await caller.must(theirs, "notes", {"text": "Recorded by the other system."})
    kept = await desk.intake.rows("SELECT role, branch FROM refusals WHERE principal = 's-several' ORDER BY id")
    assert [tuple(row.values()) for row in kept] == [("integration", "harbour"), ("supervisor", "north-street")]


async def test_whole_customers_are_read_by_a_grant_for_their_cases_and_for_what_it_may(
    desk: Desk, workflow: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = await desk.intake.caller("handler")
    last = await writer.receive(branch="north-street", narrative=WORDS, customer={"ref": "C-78"})
    grants = (Grant("auditor", "north-street"), Grant("handler", "harbour"))
    key = await vouch(desk, monkeypatch, Principal("s-two-posts", "default", grants))
    path = f"/v1/customers/C-78/export?min_position={last['position']}"
    assert refused(await ask(workflow, path, key, "handling")) == (403, "purpose-not-allowed")
    assert WORDS in (await ask(workflow, path, key)).text
    (row,) = await desk.intake.rows("SELECT role, branch FROM personal_data_readings WHERE person = 's-two-posts'")
    assert tuple(row.values()) == ("auditor", "north-street")


async def test_whom_of_the_staff_a_complaint_names_is_told_in_no_answer_to_who_may_not_know(
    desk: Desk, workflow: httpx.AsyncClient
) -> None:
    handler = await desk.intake.caller("handler")
    case = await handler.receive(customer={"ref": "C-79"}, complained_of=["s-named"])
    unnamed = await handler.receive(customer={"ref": "C-80"})
    case = await handler.must(case, "classification", {"complained_of": ["s-named-later"]})
    other, agent = await key_of(desk, "integration"), await key_of(desk, "agent")
    evidence = f"/v1/cases/{case['id']}/evidence?personal=false"
    for path in (
        f"/v1/cases/{case['id']}?min_position={case['position']}",
        f"/v1/cases/{case['id']}/events",
        f"/v1/cases/{case['id']}/events?merged=true",
        "/v1/customers/C-79/timeline",
    ):
        answer = await ask(workflow, path, other)
        assert (answer.status_code, "s-named" in answer.text) == (200, False), path
        assert "s-named" in (await ask(workflow, path, agent)).text, path
    # Its bytes are what is proven.
    assert refused(await ask(workflow, evidence, other)) == (403, "role-not-allowed")
    assert (await ask(workflow, evidence, agent)).status_code == 200
    assert (await ask(workflow, f"/v1/cases/{unnamed['id']}/evidence", other)).status_code == 200
