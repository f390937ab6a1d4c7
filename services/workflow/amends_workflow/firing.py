"""The timers: whatever is due becomes an event, at once and for good. The database's clock alone says what is due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import structlog

from amends_platform.reasons import reason
from amends_platform.telemetry.tracing import Tracing
from amends_store.outages import is_passing
from amends_store.timers import Fired, catch_up, fired_events
from amends_workflow.statements import statement
from amends_workflow.tasks import end_if_told

log = structlog.get_logger()

_NEXT_TIMER = statement("next_timer")

# While it fires, nobody appends: few enough that a person does not notice.
LIMIT = 50
# Catching up is the database's own work for so long: here it would wait for its turn behind the projection's. And the
# next time it begins with stepping over all that has fired, while somebody else's long transaction keeps that.
BATCHES_MAX = 100
# A timer that another process made, or that a hint did not announce, is seen after this time.
_POLL_SECONDS = 0.25
# What is due but not ready waits for the projection, which wakes us; this is for when another process projects.
_UNREADY_SECONDS = 0.02
_RETRY_SECONDS_MIN = 0.1
_RETRY_SECONDS_MAX = 2.0


class Firing:
    """The timers' loop as a task. Any number of processes may run one each: a timer fires once.

    `on_fired` is told what fired. `overdue_seconds` is by how much the oldest timer was late when last looked at.
    """

    def __init__(
        self, pool: asyncpg.Pool, *, on_fired: Callable[[list[Fired]], None], tracing: Tracing | None = None
    ) -> None:
        self.overdue_seconds = 0.0
        self._pool = pool
        self._on_fired = on_fired
        self._tracing = tracing
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There may be new timers: look now."""
        self._woken.set()

    async def run(self) -> None:
        """Fire until cancelled, waiting out outages."""
        retry_seconds = _RETRY_SECONDS_MIN
        while True:
            try:
                while True:
                    await self._fire_and_wait()
                    retry_seconds = _RETRY_SECONDS_MIN
            except Exception as error:
                end_if_told()
                if is_passing(error):
                    log.warning("timers wait for the store", reason=reason(error))
                else:
                    # Timers must never stop for good: whatever this is, the next attempt may be spared it.
                    log.error("firing timers failed", exc_info=error)
                await asyncio.sleep(retry_seconds)
                retry_seconds = min(2 * retry_seconds, _RETRY_SECONDS_MAX)

    async def _fire_and_wait(self) -> None:
        # Before looking: a wake-up that comes meanwhile means to look once more.
        self._woken.clear()
        began_ns = time.time_ns()
        fired = await catch_up(self._pool, LIMIT, BATCHES_MAX)
        if fired:
            self._on_fired(fired)
            if self._tracing is not None:
                self._tracing.fired(await fired_events(self._pool, fired), began_ns)
        if len(fired) < LIMIT * BATCHES_MAX:
            await self._sleep(await self._seconds_to_next())

    async def _seconds_to_next(self) -> float:
        row = await self._pool.fetchrow(_NEXT_TIMER)
        if row["seconds"] is None:
            self.overdue_seconds = 0.0
            return _POLL_SECONDS
        seconds = float(row["seconds"])
        self.overdue_seconds = max(0.0, -seconds)
        return _UNREADY_SECONDS if seconds <= 0 else min(seconds, _POLL_SECONDS)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
