"""An intake on a real socket, and a log in which much has happened."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn

from amends_platform.clients import Address
from amends_platform.identity.principals import create_key
from tests.integration.cli.telling import POLICY, Told, connected, some_history
from tests.integration.workflow.conftest import Log, open_log
from tests.support.intake import Intake, running_intake
from tests.support.postgres import Database, PostgresServer, new_database

WAIT_SECONDS_MAX = 20.0


class _Server(uvicorn.Server):
    """Tells when it accepts requests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepts = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.accepts.set()


class Served:
    """An intake that can be reached over HTTP."""

    def __init__(self, intake: Intake, url: str) -> None:
        self.database = intake.database
        self.url = url

    async def address(self, role: str = "integration", *, branch: str | None = None) -> Address:
        """Where somebody new in this role sends to."""
        async with connected(self.database) as connection:
            key = await create_key(connection, role=role, tenant="default", branch=branch)
        return Address("intake", self.url, key)


@pytest_asyncio.fixture(loop_scope="session")
async def served(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    async with running_intake(database, tmp_path) as intake:
        config = uvicorn.Config(intake.app, host="127.0.0.1", port=0, lifespan="off", log_config=None, access_log=False)
        server = _Server(config)
        # Not `serve`: signals are the test runner's.
        serving = asyncio.create_task(server._serve())
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await server.accepts.wait()
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Served(intake, f"http://127.0.0.1:{port}")
        finally:
            server.should_exit = True
            await serving


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def history(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    """Told once, to be copied by every test."""
    directory = tmp_path_factory.mktemp("history")
    (directory / "policy.yaml").write_text(POLICY)
    async with new_database(postgres) as database:
        async with open_log(database, directory) as log:
            cases = await some_history(log, directory / "policy.yaml")
        # A database that anybody is connected to is no template.
        await database.close_pools()
        yield Told(database, cases, directory)


@pytest_asyncio.fixture(loop_scope="session")
async def told(postgres: PostgresServer, history: Told) -> AsyncIterator[Told]:
    async with new_database(postgres, history.database.name) as database:
        yield Told(database, history.cases, history.directory)


@pytest_asyncio.fixture(loop_scope="session")
async def log(told: Told) -> AsyncIterator[Log]:
    """The log of `told`, to go on with."""
    async with open_log(told.database, told.directory) as opened:
        await opened.use_policy(told.directory / "policy.yaml")
        yield opened
