"""The intake application on a real database, and people who call it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio

from amends_intake.app import create_app
from amends_platform.identity.principals import create_key
from amends_platform.production import provider_of
from amends_platform.sealing import ensure_master_key
from amends_platform.settings import Settings
from amends_platform.telemetry.tracing import Tracing
from tests.support.contract import hold_to_contract
from tests.support.postgres import Database

SORRY = {"by_channel": "phone", "text": "We are sorry."}
FOUND = {"findings": "The feed jammed.", "cause": "process_too_slow", "at_fault": True}
LETTER = {"kind": "apology", "text": "A letter."}
REFUND = {"kind": "refund", "text": "All of it.", "amount": "900", "currency": "CNY"}
AGREED = {"by_channel": "phone"}
NO = {"by_channel": "phone", "reason": "No."}


def complaint(**fields: Any) -> dict[str, Any]:
    """The body of a complaint."""
    told: dict[str, Any] = {
        "channel": "phone",
        "branch": "north-street",
        "narrative": "The machine kept my card, and nobody could tell me when I get it back.",
        "customer": {"ref": "C-10482", "name": "Ms. Chen", "phone": "555-0142"},
    }
    return told | fields


class Caller:
    """Somebody with a key. Every POST gets an idempotency key of its own unless one is given."""

    def __init__(self, client: httpx.AsyncClient, api_key: str, person: str) -> None:
        self._client = client
        self._api_key = api_key
        self.person = person

    async def post(
        self, path: str, body: Any = None, *, key: str | None = None, if_match: int | None = None, **more: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._api_key}", "Idempotency-Key": key or uuid4().hex}
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        if "content" not in more:
            more["json"] = body
        else:
            headers["Content-Type"] = "application/json"
        response = await self._client.post(path, headers=headers | more.pop("headers", {}), **more)
        hold_to_contract("intake", response)
        return response

    async def receive(self, **fields: Any) -> dict[str, Any]:
        """Record a complaint that must be taken; the answer."""
        response = await self.post("/v1/complaints", complaint(**fields))
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def give(self, case: dict[str, Any], what: str, body: dict[str, Any], **more: Any) -> httpx.Response:
        """Give the case a command."""
        return await self.post(f"/v1/complaints/{case['id']}/{what}", body, **more)

    async def must(self, case: dict[str, Any], what: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Give the case a command that must be carried out; the answer."""
        response = await self.give(case, what, body, **more)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def may_not(self, case: dict[str, Any], what: str, body: dict[str, Any], **more: Any) -> tuple[int, str]:
        """Give the case a command that must be refused; the status and the code."""
        return refused(await self.give(case, what, body, **more))

    async def open_incident(self, **fields: Any) -> dict[str, Any]:
        """Open a mass incident; the answer."""
        told = {"title": "Machines keep cards", "same": "cause", "value": "card_retained"}
        response = await self.post("/v1/incidents", told | fields)
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer


def refused(response: httpx.Response) -> tuple[int, str]:
    """The status and the code of a problem."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    return response.status_code, response.json()["type"].removeprefix("urn:amends:problem:")


class Intake:
    """A running intake. `now` is the time its decisions are made at: move it with `pass_time`."""

    def __init__(self, database: Database, settings: Settings, tracing: Tracing | None = None) -> None:
        self.database = database
        self.settings = settings
        self._moved = timedelta()
        self.app = create_app(settings, provider=provider_of(settings), now=self.now, tracing=tracing)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url="http://intake"
        )

    def now(self) -> datetime:
        return datetime.now(UTC) + self._moved

    async def pass_time(self, **delta: float) -> None:
        """Move this intake's clock and the store's."""
        self._moved += timedelta(**delta)
        await self.database.move_clock(timedelta(**delta))

    async def caller(self, role: str, *, branch: str | None = None, person: str | None = None) -> Caller:
        """Somebody new in this role."""
        person = person or f"{role}-{uuid4().hex[:8]}"
        async with self.database.owner() as conn:
            key = await create_key(conn, role=role, tenant="default", branch=branch, person=person)
        return Caller(self.client, key, person)

    async def events(self, case: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """Type and clear data of every event of the case."""
        rows = await self.rows("SELECT type, data FROM events WHERE stream_id = $1 ORDER BY version", case["id"])
        return [(row["type"], json.loads(row["data"])) for row in rows]

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """Ask the database as its owner."""
        async with self.database.owner() as conn:
            return [dict(row) for row in await conn.fetch(query, *arguments)]

    async def types(self, case: dict[str, Any]) -> list[str]:
        """The types of the case's events."""
        return [type_ for type_, _ in await self.events(case)]


@asynccontextmanager
async def running_intake(
    database: Database, directory: Path, *, tracing: Tracing | None = None, **settings: Any
) -> AsyncIterator[Intake]:
    """An intake that has started, stopped at the end."""
    master_key = directory / "master.key"
    ensure_master_key(master_key)
    known = Settings.load(
        database_url=database.url,
        master_key_file=master_key,
        key_store=directory / "customers.db",
        rate_limit="off",
        **settings,
    )
    intake = Intake(database, known, tracing)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(intake.app.router.lifespan_context(intake.app))
        await stack.enter_async_context(intake.client)
        yield intake


@pytest_asyncio.fixture(loop_scope="session")
async def intake(database: Database, tmp_path: Path) -> AsyncIterator[Intake]:
    """A running intake on a database of its own."""
    async with running_intake(database, tmp_path) as running:
        yield running
