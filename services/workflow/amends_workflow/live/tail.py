"""The end of the log as far as it is visible: read once, and kept for a while, for all who listen in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import structlog

from amends_platform.reasons import reason
from amends_store.errors import LogHole
from amends_store.outages import is_passing
from amends_store.read import read_log
from amends_workflow.known_cases import KnownCases
from amends_workflow.live.happenings import Happening, happenings_of
from amends_workflow.tasks import end_if_told

log = structlog.get_logger()

_BATCH_EVENTS_MAX = 500
# A hint says that the log has grown; polling finds what another process projected meanwhile.
_POLL_SECONDS = 0.25
_RETRY_SECONDS = 0.5
# Most of those that follow one another are of few cases; the projection remembers the others, too.
_CASES_CACHED_MAX = 2_000


class Tail:
    """What happened after `start` and up to `end`, two positions. `visible` says how far the read model has come.

    It keeps the last `kept_max` happenings: who asks for older ones is told that they are gone.
    """

    def __init__(self, pool: asyncpg.Pool, visible: Callable[[], Awaitable[int]], *, kept_max: int) -> None:
        self.start = 0
        self.end = 0
        self.readers = 0
        self._pool = pool
        self._visible = visible
        self._kept_max = kept_max
        self._kept: list[Happening] = []
        self._known = KnownCases(_CASES_CACHED_MAX)
        self._woken = asyncio.Event()
        self._moved = asyncio.Event()
        self._begun = asyncio.Event()
        self._reaching_back = asyncio.Lock()
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether it met something that it cannot tell of, and stopped."""
        return self._is_over

    def wake(self) -> None:
        """The read model may have come further."""
        self._woken.set()

    def tell(self) -> None:
        """Let every reader look up."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def begun(self) -> None:
        """Wait until it is known where this tail begins."""
        await self._begun.wait()

    @property
    def moved(self) -> asyncio.Event:
        """Set once there is more than there is now, or there will be none."""
        return self._moved

    def since(self, position: int, limit: int) -> list[Happening] | None:
        """What happened after the position, at most so many; None when that is gone."""
        if position < self.start:
            return None
        first = position - self.start
        return self._kept[first : first + limit]

    async def reach_back(self, position: int) -> bool:
        """Keep what happened after the position, too. False when that is further back than is kept."""
        async with self._reaching_back:
            while position < self.start:
                if self.end - position > self._kept_max:
                    return False
                start = self.start
                first = max(position, start - _BATCH_EVENTS_MAX)
                rows = await read_log(self._pool, after=first, limit=start - first)
                earlier = await happenings_of(self._pool, rows, KnownCases())
                # Meanwhile some of it may have been dropped: then the earlier ones do not join on any more.
                if self.start == start:
                    self._kept[:0] = earlier
                    self.start = first
            return True

    async def run(self) -> None:
        """Read what becomes visible until cancelled. Returns only when it meets what it cannot tell of."""
        try:
            await self._outlasting(self._begin)
            self._begun.set()
            while True:
                # Before looking: a wake-up that comes meanwhile means to look once more.
                self._woken.clear()
                await self._outlasting(self._catch_up)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_SECONDS):
                        await self._woken.wait()
        except Exception:
            # An event of a newer release, perhaps: those who listen may find a process that knows it.
            log.exception("the live stream met an event that it cannot tell of", after=self.end)
        finally:
            self._is_over = True
            self._begun.set()
            self.tell()

    async def _outlasting(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
                return
            except Exception as error:
                end_if_told()
                if not is_passing(error):
                    raise
                log.warning("the live stream waits for the store", reason=reason(error))
                await asyncio.sleep(_RETRY_SECONDS)

    async def _begin(self) -> None:
        self.start = self.end = await self._visible()

    async def _catch_up(self) -> None:
        visible = await self._visible()
        if visible < self.end:
            raise LogHole(f"the read model has come to {visible}, and it was at {self.end} before")
        while self.end < visible:
            rows = await read_log(self._pool, after=self.end, limit=min(_BATCH_EVENTS_MAX, visible - self.end))
            self._kept += await happenings_of(self._pool, rows, self._known)
            self.end = rows[-1].position
            surplus = len(self._kept) - self._kept_max
            if surplus > 0:
                del self._kept[:surplus]
                self.start += surplus
            self.tell()
