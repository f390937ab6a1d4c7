"""Receivers of webhooks on this machine: real HTTP servers that answer as they are told and remember what came."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.support.small_servers import serving

WAIT_SECONDS_MAX = 30.0


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def said(self) -> dict[str, Any]:
        said: dict[str, Any] = orjson.loads(self.body)
        return said


@dataclass
class Receiver:
    """`answers` are given one after the other, then 204 for ever. `hold`: set it to an event to answer only then."""

    port: int = 0
    scheme: str = "http"
    answers: deque[str] = field(default_factory=deque)
    answer: Callable[[Request], str] | None = None
    hold: asyncio.Event | None = None
    got: list[Request] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    _grown: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hooks"

    @property
    def ids(self) -> list[str]:
        return [request.id for request in self.got]

    async def until(self, condition: Callable[[Receiver], bool]) -> None:
        """Wait, within a bound, until the requests that came are what the condition asks for."""
        async with asyncio.timeout(WAIT_SECONDS_MAX), self._grown:
            await self._grown.wait_for(lambda: condition(self))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                request = await _request(reader)
                async with self._grown:
                    self.got.append(request)
                    self._grown.notify_all()
                if self.hold is not None:
                    await self.hold.wait()
                writer.write(self._answer_to(request).encode())
                await writer.drain()
        writer.close()

    def _answer_to(self, request: Request) -> str:
        if self.answer is not None:
            said = self.answer(request)
        else:
            said = self.answers.popleft() if self.answers else "204 No Content"
        status, *headers = said.split("\n")
        return "\r\n".join([f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "", ""])


async def _request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    pairs: Iterable[tuple[str, str, str]] = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Request(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@asynccontextmanager
async def a_receiver(*answers: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver on a port of its own; an answer is a status line, and headers on lines of their own."""
    receiver = Receiver(answers=deque(answers), scheme="https" if tls else "http")
    async with serving(receiver.serve, tls) as receiver.port:
        yield receiver
