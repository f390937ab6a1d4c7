"""Serving readers of what happens, each for as long as they listen and may.

Nobody waits for a slow one: a reader who falls further behind than the tail keeps, or takes nothing for too long, is
cut off, and resumes where they were.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final, NamedTuple

import asyncpg
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from amends_platform.http.problems import Problem
from amends_store.outages import is_passing
from amends_store.read import head_position
from amends_workflow.live.happenings import Happening, Kind, frame, mark
from amends_workflow.live.tail import Tail
from amends_workflow.tasks import stop

MEDIA_TYPE: Final = "text/event-stream"
HEADERS: Final = {
    "Content-Type": f"{MEDIA_TYPE}; charset=utf-8",
    "Cache-Control": "no-store",
    # nginx would keep events back until its buffer is full.
    "X-Accel-Buffering": "no",
}

_FRAMES_AT_ONCE_MAX = 200
_READERS_MAX = 2_000
_READERS_OF_ONE_MAX = 100
# What a reader who was cut off, or whose service stopped, waits before they come back.
_RETRY_MS = 2_000

StillAdmitted = Callable[[], Awaitable[bool]]


class Pace(NamedTuple):
    """How long a reader hears nothing at most; how often it is asked whether they still may; for how long they may
    take nothing of what is sent, and once the process stops; and how many events behind they may resume."""

    heartbeat_seconds: float = 15.0
    admission_seconds: float = 2.0
    send_seconds_max: float = 30.0
    last_words_seconds_max: float = 1.0
    behind_events_max: int = 5_000


PACE: Final = Pace()


class Reader(NamedTuple):
    """Who listens to what: of a tenant and of these branches (None: all), events of these kinds. `name` is whose the
    connection is; `still_admitted` asks whether they may go on."""

    name: str
    tenant: str
    branches: frozenset[str] | None
    kinds: frozenset[Kind]
    still_admitted: StillAdmitted

    def wants(self, happening: Happening) -> bool:
        return (
            happening.tenant == self.tenant
            and happening.kind in self.kinds
            and (self.branches is None or happening.branch in self.branches)
        )


class Live:
    """All readers of one process. While nobody listens, nothing is read."""

    def __init__(self, pool: asyncpg.Pool, visible: Callable[[], Awaitable[int]], pace: Pace = PACE) -> None:
        self._pool = pool
        self._visible = visible
        self._pace = pace
        self._tail: Tail | None = None
        self._tails: dict[Tail, asyncio.Task[None]] = {}
        self._readers: Counter[str] = Counter()
        self._ended = asyncio.Event()

    @property
    def readers(self) -> int:
        """How many listen."""
        return self._readers.total()

    def wake(self) -> None:
        """The read model may have come further. Cheap, and safe to call at any time."""
        if self._tail is not None:
            self._tail.wake()

    def end(self) -> None:
        """Let every stream end, and no new one begin: this process stops."""
        self._ended.set()
        for tail in self._tails:
            tail.tell()

    async def aclose(self) -> None:
        """End, and wait until nothing is read any more."""
        self.end()
        await stop(*self._tails.values())

    def open(self, reader: Reader, after: int | None) -> Response:
        """The answer to one reader: what happens from now on, or since the position `after`. Raises a 429 or 503
        problem."""
        if self._ended.is_set() or self.readers >= _READERS_MAX:
            detail = "No more readers can be served here just now. Come again."
            raise Problem(503, "no-more-readers", detail, headers={"Retry-After": "2"})
        if self._readers[reader.name] >= _READERS_OF_ONE_MAX:
            detail = f"You have {_READERS_OF_ONE_MAX} streams open already: close one."
            raise Problem(429, "too-many-streams", detail, headers={"Retry-After": "60"})
        return _EventStream(self._frames(reader, after), self._ended, self._pace)

    @contextmanager
    def _listening(self, name: str) -> Iterator[Tail]:
        tail = self._tail
        if tail is None or tail.is_over:
            tail = self._tail = Tail(self._pool, self._visible, kept_max=self._pace.behind_events_max)
            task = asyncio.create_task(tail.run(), name="live tail")
            self._tails[tail] = task
            task.add_done_callback(partial(self._forget, tail))
        tail.readers += 1
        self._readers[name] += 1
        try:
            yield tail
        finally:
            self._readers[name] -= 1
            if not self._readers[name]:
                del self._readers[name]
            tail.readers -= 1
            if tail.readers == 0:
                self._leave(tail)

    def _forget(self, tail: Tail, _task: asyncio.Task[None]) -> None:
        self._tails.pop(tail, None)

    def _leave(self, tail: Tail) -> None:
        if self._tail is tail:
            self._tail = None
        if (task := self._tails.get(tail)) is not None:
            task.cancel()

    async def _frames(self, reader: Reader, after: int | None) -> AsyncIterator[bytes]:
        """What the reader is sent, piece by piece, until they are cut off or may not listen any more."""
        pace = self._pace
        with self._listening(reader.name) as tail:
            await tail.begun()
            position = tail.end if after is None else after
            try:
                if not await self._can_resume(tail, position):
                    position = tail.end
                    yield frame("reset", position, {"position": position})
            except Exception as error:
                if not is_passing(error):
                    raise
                return
            yield b"retry: %d\n" % _RETRY_MS + mark(position, "listening")
            clock = asyncio.get_running_loop().time
            heard_at = asked_at = clock()
            while not self._ended.is_set() and not tail.is_over:
                # Before looking: what comes while the reader takes what there is, has moved it.
                moved = tail.moved
                happened = tail.since(position, _FRAMES_AT_ONCE_MAX)
                if happened is None:
                    return
                if happened:
                    position = happened[-1].position
                    frames = b"".join(each.frame for each in happened if reader.wants(each))
                    if frames:
                        yield frames
                        heard_at = clock()
                if clock() >= heard_at + pace.heartbeat_seconds:
                    yield mark(position, "still here")
                    heard_at = clock()
                if clock() >= asked_at + pace.admission_seconds:
                    if not await _may_go_on(reader):
                        return
                    asked_at = clock()
                if not happened:
                    quiet_until = min(heard_at + pace.heartbeat_seconds, asked_at + pace.admission_seconds)
                    with suppress(TimeoutError):
                        async with asyncio.timeout_at(quiet_until):
                            await moved.wait()
            yield b"retry: %d\n" % _RETRY_MS + mark(position, "come again")

    async def _can_resume(self, tail: Tail, position: int) -> bool:
        """Whether what follows the position is still told: not when it lies too far back, nor when the log has never
        come to it, as after an older backup was restored."""
        if position > tail.end:
            return position <= await head_position(self._pool)
        return await tail.reach_back(position)


async def _may_go_on(reader: Reader) -> bool:
    try:
        return await reader.still_admitted()
    except Exception as error:
        if not is_passing(error):
            raise
        # Nobody can be asked just now; nor does anything become visible.
        return True


class _EventStream(Response):
    """A response that goes on until its frames end, the reader goes, or takes nothing for too long."""

    def __init__(self, frames: AsyncIterator[bytes], ended: asyncio.Event, pace: Pace) -> None:
        super().__init__(None, 200, HEADERS)
        # Nobody knows how long it will be.
        del self.headers["content-length"]
        self._frames = frames
        self._ended = ended
        self._pace = pace

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the reader. Whoever is cut off sees the connection close in the middle."""
        works = [asyncio.create_task(work) for work in (self._send(send), _gone(receive), self._given_up())]
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await stop(*works)

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async for frame in self._frames:
                async with asyncio.timeout(self._pace.send_seconds_max):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
        except TimeoutError:
            return
        finally:
            await self._frames.aclose()  # type: ignore[attr-defined]  # a generator, which has to let go of the tail
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _given_up(self) -> None:
        """A reader who takes nothing does not keep the process from stopping."""
        await self._ended.wait()
        await asyncio.sleep(self._pace.last_words_seconds_max)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
