"""A server that is told to stop: what it says, what it still answers, and what hurries it."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from amends_platform.http.draining import DrainingServer
from amends_platform.http.web import add_operations

WAIT_SECONDS_MAX = 20
# Long enough to fail when nobody cuts it short.
LONG_SECONDS = 600.0
ASK = b"GET /asked HTTP/1.1\r\nHost: here\r\n\r\n"
ANSWERED = b'"answered"'


class Served:
    """A running server. /slow sets `arrived`, and answers once `answer` is set."""

    def __init__(self, drain_seconds: float) -> None:
        self.arrived, self.answer = asyncio.Event(), asyncio.Event()
        self.app = FastAPI()
        add_operations(self.app, ready=_nothing, metrics=CollectorRegistry(), body_bytes_max=1024)

        @self.app.get("/asked")
        async def asked() -> str:
            return "answered"

        @self.app.get("/slow")
        async def slow() -> str:
            self.arrived.set()
            await self.answer.wait()
            return "answered"

        self.server = DrainingServer(uvicorn.Config(self.app, port=0, log_config=None), self.app, drain_seconds)
        self.ended = asyncio.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def signal(self) -> None:
        self.server.handle_exit(signal.SIGTERM, None)

    def at_the_last_moment(self, happens: Callable[[], None]) -> None:
        """Before the server stops listening, and reads nothing in between."""
        self.app.state.end_streams = happens

    async def stopped_listening(self) -> None:
        while self.server.servers[0].is_serving():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def served(drain_seconds: float) -> AsyncIterator[Served]:
    """A server that ends by itself, with no connection left, when the block is left."""
    running = Served(drain_seconds)
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        task = asyncio.create_task(running.server.serve())
        task.add_done_callback(lambda _: running.ended.set())
        while not running.server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        running.port = running.server.servers[0].sockets[0].getsockname()[1]
        yield running
        await task


async def test_it_is_not_ready_at_once_and_serves_on_until_a_second_signal() -> None:
    async with served(LONG_SECONDS) as running, httpx.AsyncClient(base_url=running.url) as client:
        assert (await client.get("/readyz")).status_code == 200
        running.signal()
        refused = await client.get("/readyz")
        assert (refused.status_code, refused.json()["detail"]) == (503, "The service was told to stop.")
        # From its next look on, each answer closes its connection; and new ones are taken.
        while (answer := await client.get("/asked")).headers.get("connection") != "close":
            pass
        assert answer.content == ANSWERED
        assert (await client.get("/asked")).headers["connection"] == "close"
        running.signal()


async def test_a_request_under_way_is_answered() -> None:
    async with served(0) as running, httpx.AsyncClient(base_url=running.url) as client:
        asking = asyncio.create_task(client.get("/slow"))
        await running.arrived.wait()
        running.signal()
        await running.stopped_listening()
        running.answer.set()
        answer = await asking
        assert (answer.content, answer.headers["connection"]) == (ANSWERED, "close")


async def test_a_third_signal_waits_for_nobody() -> None:
    async with served(LONG_SECONDS) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(ASK.replace(b"asked", b"slow"))
        await running.arrived.wait()
        for _ in range(3):
            running.signal()
        await running.ended.wait()
        running.answer.set()
        assert await reader.read() != b""
        writer.close()


async def test_what_has_come_into_an_idle_connection_is_answered_and_silent_ones_are_closed() -> None:
    async with served(0) as running:
        (reader, writer), (silent, idle) = [await _asked_once(running) for _ in range(2)]
        # A piece of a request is enough.
        running.at_the_last_moment(lambda: writer.write(ASK[:9]))
        running.signal()
        assert await silent.read() == b""
        writer.write(ASK[9:])
        assert await _answer(reader) == ANSWERED
        assert await reader.read() == b""
        writer.close()
        idle.close()


async def test_whoever_waits_to_be_let_in_is_answered() -> None:
    waiting: list[socket.socket] = []

    def connect() -> None:
        waiting.append(socket.create_connection(("127.0.0.1", running.port)))

    async with served(0) as running:
        running.at_the_last_moment(connect)
        running.signal()
        await running.stopped_listening()
        reader, writer = await asyncio.open_connection(sock=waiting[0])
        writer.write(ASK)
        assert await _answer(reader) == ANSWERED
        assert await reader.read() == b""
        writer.close()


async def _asked_once(running: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which a first request was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(ASK)
    assert await _answer(reader) == ANSWERED
    return reader, writer


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The body of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    return await reader.readexactly(len(ANSWERED))


async def _nothing() -> None:
    return None
