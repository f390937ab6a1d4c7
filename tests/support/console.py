"""The console without a browser: the workflow application with a real intake behind it, and people who look at pages.

`desk` is shared by the tests of a module; `desk.visitor(role)` is somebody who has signed in.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from amends_platform.evidence.signing_key import ensure_signing_key
from amends_platform.identity.principals import create_key
from amends_platform.production import provider_of
from amends_platform.settings import Settings
from amends_platform.telemetry.tracing import Tracing
from amends_workflow.app import create_app
from tests.support.intake import Intake, running_intake
from tests.support.postgres import Database, PostgresServer, new_database

_HIDDEN = re.compile(r'<input type="hidden" name="csrf" value="([^"]*)">')
_TAG = re.compile(r"<[^>]*>")
# As a browser sends them with a form of the same page.
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Origin": "http://desk", "Accept": "text/html"}


class Visitor:
    """Somebody who looks at pages, with cookies as a browser keeps them, and no JavaScript."""

    def __init__(self, app: Any, person: str, api_key: str, **headers: str) -> None:
        self.person = person
        self.api_key = api_key
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://desk",
            headers={"Accept": "text/html", **headers},
        )
        self.form_token = ""

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """The answer, whatever it is; the token of its forms is remembered."""
        return self._noted(await self.client.get(path, headers=headers))

    async def see(self, path: str) -> str:
        """The page, which must be good, as HTML."""
        response = await self.get(path)
        assert response.status_code == 200, (response.status_code, response.text)
        return response.text

    async def send(self, path: str, form: Mapping[str, Any], **headers: str) -> httpx.Response:
        """Post a form as the page that was seen last would."""
        fields = {"csrf": self.form_token, **form}
        return self._noted(await self.client.post(path, data=fields, headers=SAME_ORIGIN | headers))

    async def sign_in(self) -> httpx.Response:
        await self.see("/sign-in")
        response = await self.send("/sign-in", {"key": self.api_key, "next": "/"})
        assert response.status_code == 303, response.text
        await self.see("/")
        return response

    def _noted(self, response: httpx.Response) -> httpx.Response:
        found = _HIDDEN.search(response.text)
        if found is not None:
            self.form_token = found[1]
        return response


class Desk:
    """A running intake and a running workflow on one database."""

    def __init__(self, database: Database, intake: Intake, app: Any) -> None:
        self.database = database
        self.intake = intake
        self.app = app
        self._stack = AsyncExitStack()

    async def stranger(self, role: str = "handler", *, branch: str | None = None, **headers: str) -> Visitor:
        """Somebody new with a key of this role, who has not signed in."""
        person = f"{role}-{uuid4().hex[:8]}"
        async with self.database.owner() as connection:
            key = await create_key(connection, role=role, tenant="default", branch=branch, person=person)
        visitor = Visitor(self.app, person, key, **headers)
        await self._stack.enter_async_context(visitor.client)
        return visitor

    async def visitor(self, role: str = "handler", *, branch: str | None = None, **headers: str) -> Visitor:
        """Somebody new in this role, who has signed in."""
        visitor = await self.stranger(role, branch=branch, **headers)
        await visitor.sign_in()
        return visitor

    async def aclose(self) -> None:
        await self._stack.aclose()


@asynccontextmanager
async def running_desk(
    database: Database, directory: Path, *, tracing: Tracing | None = None, **settings: Any
) -> AsyncIterator[Desk]:
    """Both services, started, and stopped at the end."""
    async with AsyncExitStack() as stack:
        intake = await stack.enter_async_context(running_intake(database, directory, tracing=tracing))
        known = Settings.load(
            database_url=database.url,
            master_key_file=directory / "master.key",
            signing_key_file=directory / "signing.key",
            rate_limit="off",
            # Evidence waits for a checkpoint.
            checkpoint_seconds=0.2,
            **{"key_store": directory / "customers.db", "intake_url": "http://intake", **settings},
        )
        ensure_signing_key(known.signing_key_path, known.origin)
        app = create_app(
            known,
            provider=provider_of(known),
            intake=httpx.ASGITransport(intake.app, raise_app_exceptions=False),
            tracing=tracing,
        )
        await stack.enter_async_context(app.router.lifespan_context(app))
        desk = Desk(database, intake, app)
        stack.push_async_callback(desk.aclose)
        yield desk


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk of the module's own: its tests make the cases they are about."""
    async with (
        new_database(postgres) as database,
        running_desk(database, tmp_path_factory.mktemp("desk")) as running,
    ):
        yield running


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait, within a bound, until the condition holds."""
    async with asyncio.timeout(20):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)


def words_of(html: str) -> str:
    """What a page says, in one line, without its markup."""
    return " ".join(unescape(_TAG.sub(" ", html)).split())
