"""An intake on a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest_asyncio
import uvicorn

from amends_platform.clients import Address
from amends_platform.principals import create_key
from tests.support.intake import Intake, running_intake
from tests.support.postgres import Database

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


@asynccontextmanager
async def connected(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner's."""
    connection = await asyncpg.connect(database.url)
    try:
        yield connection
    finally:
        await connection.close()


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
