"""An application behind the protocol that both services are served with, on a socket, in the test's own loop.

No time passes by itself: `watch.look` is told what time it is.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

import uvicorn

from amends_platform.guarding.cycle import CLOSE
from amends_platform.guarding.gate import Gate
from amends_platform.guarding.limits import Limits
from amends_platform.guarding.protocol import GuardedProtocol
from amends_platform.guarding.watch import Watch

LIMITS = Limits(connections_max=50, address_connections_max=20, client_seconds_max=20.0, request_seconds_max=30.0)
WAIT_SECONDS_MAX = 20


class Answered(NamedTuple):
    """One answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """Of the problem."""
        return str(json.loads(self.body)["type"]).rpartition(":")[2]


class Wire:
    """One connection, on which anything at all is sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Answered:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answered(int(head[0].split()[1]), headers, body)

    async def ask(self, request: bytes) -> Answered:
        await self.send(request)
        return await self.answer()

    async def rest(self) -> bytes:
        """What comes until the other side closes."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


class _Counting(GuardedProtocol):
    """So that a test knows when its connection has been seen."""

    arrivals = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        type(self).arrivals += 1
        super().connection_made(transport)


class Guarded:
    """A running server."""

    def __init__(self, server: uvicorn.Server, gate: Gate) -> None:
        self.gate, self.watch = gate, Watch(gate)
        self._server = server
        self._wires: list[Wire] = []
        self._now = asyncio.get_running_loop().time()

    @property
    def port(self) -> int:
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    def without_date(self) -> None:
        """So that two answers can be compared."""
        self._server.server_state.default_headers = []

    def closes_from_now_on(self) -> None:
        """What a server that stops has every answer say."""
        self._server.server_state.default_headers = [CLOSE]

    async def wire(self, source: str = "127.0.0.1", **options: Any) -> Wire:
        """A new connection, from an address of this machine."""
        before = _Counting.arrivals
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0), **options))
        self._wires.append(wire)
        await self.until(lambda: _Counting.arrivals > before)
        return wire

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    def passes(self, seconds: float) -> None:
        """Let that much time pass, looking at its beginning and at its end."""
        self.watch.look(self._now)
        self._now += seconds
        self.watch.look(self._now)

    async def aclose(self) -> None:
        for wire in self._wires:
            wire.writer.transport.abort()
        await self.until(lambda: not self.gate.open)


@asynccontextmanager
async def guarded(app: Any, limits: Limits = LIMITS) -> AsyncIterator[Guarded]:
    """The application, served until the end."""
    gate = Gate(limits)
    config = uvicorn.Config(
        app,
        port=0,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        http=partial(_Counting, gate),  # type: ignore[arg-type]
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    running = Guarded(server, gate)
    try:
        yield running
    finally:
        await running.aclose()
        for each in server.servers:
            each.close()
