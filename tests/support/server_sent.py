"""Somebody who listens to server-sent events of an ASGI application, and may stop taking what is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson
from starlette.types import ASGIApp, Message

_WAIT_SECONDS_MAX = 20.0


class Sent(NamedTuple):
    """One event as a browser would dispatch it."""

    event: str
    id: int
    data: dict[str, Any]


class Listener:
    """What was sent so far, and how the answer began. `resume_from` is what a browser would send as Last-Event-ID."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.body = b""
        self.sent: list[Sent] = []
        self.comments: list[str] = []
        self.resume_from: int | None = None
        self.ended = asyncio.Event()
        self.taking = asyncio.Event()
        self.taking.set()
        self._changed = asyncio.Event()
        self._gone = asyncio.Event()

    @property
    def positions(self) -> list[int]:
        return [each.id for each in self.sent]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait, within a bound, until what was sent meets the condition."""
        async with asyncio.timeout(_WAIT_SECONDS_MAX):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def until_listening(self) -> None:
        """Wait until whatever happens from now on will be told."""
        await self.until(lambda: bool(self.comments))

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.taking.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message["body"]
            if self.headers.get("content-type", "").startswith("text/event-stream"):
                *whole, self.body = self.body.split(b"\n\n")
                for block in whole:
                    self._take(block.decode())
        self._changed.set()

    def end(self) -> None:
        self.ended.set()
        self._changed.set()

    def leave(self) -> None:
        self._gone.set()

    def _take(self, block: str) -> None:
        fields = [line.partition(":") for line in block.split("\n")]
        said = {name: value.strip() for name, _, value in fields}
        if "id" in said:
            self.resume_from = int(said["id"])
        if "" in said:
            self.comments.append(said[""])
        if "data" in said:
            self.sent.append(Sent(said["event"], int(said["id"]), orjson.loads(said["data"])))


@asynccontextmanager
async def listening(
    app: ASGIApp, path: str, headers: dict[str, str] | None = None, **query: Any
) -> AsyncIterator[Listener]:
    """Listen to a path of the application while inside."""
    listener = Listener()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode(query, doseq=True).encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "server": ("workflow", 80),
        "client": ("127.0.0.1", 1),
    }
    serving: asyncio.Task[Any] = asyncio.ensure_future(app(scope, listener.receive, listener.send))
    serving.add_done_callback(lambda _: listener.end())
    try:
        yield listener
    finally:
        listener.taking.set()
        listener.leave()
        async with asyncio.timeout(_WAIT_SECONDS_MAX):
            await serving
