"""A real nats-server with JetStream for every test worker, and one that a test may kill and start again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from amends_platform.embedded.nats import EmbeddedNats
from amends_platform.supervising.processes import Child


class NatsServer:
    """One server on a port of its own. It keeps port and store over a restart."""

    def __init__(self, directory: Path) -> None:
        self._embedded = EmbeddedNats(directory, log_file=directory / "nats.log")
        self._child = Child(self._embedded.program(), busy=_nothing, started=_nothing)

    @property
    def url(self) -> str:
        return self._embedded.url

    @property
    def pid(self) -> int | None:
        return self._child.pid

    async def start(self) -> None:
        """Return once JetStream answers."""
        await self._child.start()

    async def stop(self) -> None:
        """End it as an operator would."""
        await self._child.stop()

    async def kill(self) -> None:
        """End it as the out-of-memory killer would, and return once it is gone."""
        await self._child.stop(force=True)


@asynccontextmanager
async def running_nats(directory: Path) -> AsyncIterator[NatsServer]:
    server = NatsServer(directory)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def nats_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The worker's server. Tests share it: use a tenant or subjects of your own, and leave others' streams alone."""
    async with running_nats(tmp_path_factory.mktemp("nats")) as server:
        yield server.url


@pytest_asyncio.fixture(loop_scope="session")
async def nats_server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A server of the test's own, to be killed and started again."""
    async with running_nats(tmp_path / "nats") as server:
        yield server


def _nothing(*_: str) -> None:
    return None
