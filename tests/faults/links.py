"""The ways between programs: each pair talks through a link, which can be cut, stopped, slowed down, or made to lie."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from amends_platform.supervising.ports import free_port

_HOST: Final = "127.0.0.1"
_CHUNK_BYTES: Final = 65_536
_SLOW_SECONDS: Final = 0.05

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Weather(Enum):
    """What happens to what is said on a link."""

    FAIR = auto()
    REFUSING = auto()
    """Connections are cut, and new ones turned away."""
    SILENT = auto()
    """Connections are accepted, and nothing gets through. What was said meanwhile arrives late."""
    LOSING_ANSWERS = auto()
    """Requests get through; the connection is cut instead of passing an answer on."""
    SLOW = auto()
    """Everything takes its time."""
    HALF_OPEN = auto()
    """The other end is gone, and nobody is told: what is said vanishes."""
    FORGOTTEN = auto()
    """Nobody knows the connections of before any more: what is said on them vanishes, for good. New ones work."""


@dataclass(eq=False)
class _Call:
    """One connection: who called, and, once it is there, the other end."""

    caller: asyncio.StreamWriter
    called: asyncio.StreamWriter | None = None
    is_dead: bool = False

    def cut(self) -> None:
        for writer in (self.caller, self.called):
            if writer is not None:
                writer.transport.abort()

    def end(self) -> None:
        for writer in (self.caller, self.called):
            if writer is not None:
                writer.close()


class Link:
    """A TCP port before a server, which keeps its number whatever becomes of it."""

    def __init__(self, name: str, connect: Callable[[], Awaitable[Streams]]) -> None:
        """`connect` reaches the server. Raises OSError while that is away."""
        self.name = name
        self.port = free_port(_HOST)
        self._connect = connect
        self._weather = Weather.FAIR
        self._changed = asyncio.Event()
        self._listening: asyncio.Server | None = None
        self._calls: dict[asyncio.Task[None], _Call] = {}

    @property
    def address(self) -> str:
        return f"{_HOST}:{self.port}"

    async def open(self) -> None:
        self._listening = await asyncio.start_server(self._called, _HOST, self.port, backlog=512)

    async def close(self) -> None:
        self._refuse()
        await asyncio.gather(*self._calls, return_exceptions=True)

    @asynccontextmanager
    async def under(self, weather: Weather) -> AsyncIterator[None]:
        """This weather until the block is left. One at a time."""
        assert self._weather is Weather.FAIR, f"{self.name} is {self._weather} already"
        self._become(weather)
        if weather is Weather.REFUSING:
            self._refuse()
        if weather in (Weather.HALF_OPEN, Weather.FORGOTTEN):
            for call in self._calls.values():
                call.is_dead = True
                if call.called is not None:
                    call.called.transport.abort()
        try:
            yield
        finally:
            self._become(Weather.FAIR)
            if weather is Weather.HALF_OPEN:
                # By now somebody has noticed, and says so.
                for call in self._calls.values():
                    if call.is_dead:
                        call.cut()
            if self._listening is None:
                await self.open()

    def cut(self) -> None:
        """Cut every connection, once."""
        for call in list(self._calls.values()):
            call.cut()

    def _become(self, weather: Weather) -> None:
        self._weather = weather
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _refuse(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self.cut()

    async def _called(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        call = self._calls[task] = _Call(writer, is_dead=self._weather is Weather.HALF_OPEN)
        try:
            await self._fair_enough()
            if call.is_dead:
                # Nobody is there, and the caller is not told.
                while await reader.read(_CHUNK_BYTES):
                    pass
                return
            there, call.called = await self._connect()
            tasks = [
                asyncio.create_task(self._pass_on(call, reader, call.called, is_answer=False)),
                asyncio.create_task(self._pass_on(call, there, call.caller, is_answer=True)),
            ]
            # Whichever side ends, the other is told at once; what dies without a word is another weather.
            _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if call.is_dead:
                await asyncio.wait(pending)
            for each in pending:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        except OSError:
            pass
        finally:
            del self._calls[task]
            call.end()

    async def _pass_on(
        self, call: _Call, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        with suppress(OSError):
            while chunk := await source.read(_CHUNK_BYTES):
                await self._fair_enough()
                if self._weather is Weather.SLOW:
                    await asyncio.sleep(_SLOW_SECONDS)
                if is_answer and self._weather is Weather.LOSING_ANSWERS:
                    call.cut()
                    return
                if call.is_dead:
                    continue
                target.write(chunk)
                await target.drain()

    async def _fair_enough(self) -> None:
        while self._weather is Weather.SILENT:
            await self._changed.wait()
