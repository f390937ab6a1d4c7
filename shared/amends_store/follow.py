"""Following the log: every event, in order, to a handler, and how far it came is remembered."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, NoReturn

import asyncpg

from amends_store.checkpoints import Checkpoint
from amends_store.errors import LogHole
from amends_store.outages import is_passing
from amends_store.read import Executor, head_position, read_log
from amends_store.records import StoredEvent

# Runs in the transaction that moves the checkpoint: what it writes through `conn` happens exactly once.
Project = Callable[[Executor, list[StoredEvent]], Awaitable[None]]
# Runs outside any transaction, before the checkpoint moves: it may see the same events again.
Relay = Callable[[list[StoredEvent]], Awaitable[None]]
_Apply = Callable[[Checkpoint, list[StoredEvent]], Awaitable[Checkpoint]]

# The hint is what makes following quick; polling is for hints that were lost.
_POLL_SECONDS: Final = 0.25
_RETRY_SECONDS_MIN: Final = 0.05
_RETRY_SECONDS_MAX: Final = 2.0

_log = logging.getLogger(__name__)


class Follower:
    """Follows the log under the checkpoint `name`, woken by `wake()` and by polling every 250 ms.

    `position` is how far it came, `lag` how many events it was behind when it last looked.
    Made by `projecting` or `relaying`. Only the newest follower of a name goes on; older ones are fenced.
    """

    def __init__(self, pool: asyncpg.Pool, name: str, apply: _Apply, *, batch_events_max: int) -> None:
        self.position = 0
        self.lag = 0
        self._pool = pool
        self._name = name
        self._apply = apply
        self._batch_events_max = batch_events_max
        self._checkpoint: Checkpoint | None = None
        self._woken = asyncio.Event()
        self._moved = asyncio.Event()

    @classmethod
    def projecting(cls, pool: asyncpg.Pool, name: str, project: Project, *, batch_events_max: int = 500) -> Follower:
        """A follower whose handler writes to the database, in the transaction that moves the checkpoint."""

        async def apply(checkpoint: Checkpoint, events: list[StoredEvent]) -> Checkpoint:
            async with pool.acquire() as conn, conn.transaction():
                # First: a fenced follower must not write, and a claim waits here until we have committed.
                moved = await checkpoint.advance(conn, events[-1].position)
                await project(conn, events)
            return moved

        return cls(pool, name, apply, batch_events_max=batch_events_max)

    @classmethod
    def relaying(cls, pool: asyncpg.Pool, name: str, relay: Relay, *, batch_events_max: int = 500) -> Follower:
        """A follower whose handler passes events on; the checkpoint moves when it returns."""

        async def apply(checkpoint: Checkpoint, events: list[StoredEvent]) -> Checkpoint:
            await relay(events)
            return await checkpoint.advance(pool, events[-1].position)

        return cls(pool, name, apply, batch_events_max=batch_events_max)

    async def run(self) -> NoReturn:
        """Follow until cancelled, waiting out outages. Raises Fenced, LogHole, the handler's errors."""
        retry_seconds = _RETRY_SECONDS_MIN
        while True:
            try:
                await self._take_up()
                while True:
                    # Before looking: a wake-up that comes meanwhile means to look once more.
                    self._woken.clear()
                    await self._catch_up()
                    retry_seconds = _RETRY_SECONDS_MIN
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_POLL_SECONDS):
                            await self._woken.wait()
            except Exception as error:
                # A connection that dies while a cancelled task gives it back raises its own error: that ends us too.
                task = asyncio.current_task()
                if not is_passing(error) or (task is not None and task.cancelling()):
                    raise
                _log.warning("%s waits %.2f s: %s", self._name, retry_seconds, error or type(error).__name__)
                await asyncio.sleep(retry_seconds * random.uniform(0.5, 1))
                retry_seconds = min(2 * retry_seconds, _RETRY_SECONDS_MAX)

    def wake(self) -> None:
        """Something was committed: look now. Cheap, and safe to call at any time."""
        self._woken.set()

    async def reached(self, position: int) -> None:
        """Wait until everything up to `position` has been handled."""
        while self.position < position:
            await self._moved.wait()

    async def _take_up(self) -> None:
        """Claim the checkpoint, or after an outage see whether its last move was committed."""
        if self._checkpoint is None:
            checkpoint = await Checkpoint.claim(self._pool, self._name)
        else:
            checkpoint = await self._checkpoint.reload(self._pool)
        head = await head_position(self._pool)
        if head < checkpoint.position:
            raise LogHole(f"it ends at {head}, and {self._name} had read up to {checkpoint.position}")
        self._move(checkpoint, head)

    async def _catch_up(self) -> None:
        while True:
            assert self._checkpoint is not None
            events = await read_log(self._pool, after=self.position, limit=self._batch_events_max)
            if not events:
                self.lag = 0
                return
            full = len(events) == self._batch_events_max
            head = await head_position(self._pool) if full else events[-1].position
            self.lag = head - self.position
            self._move(await self._apply(self._checkpoint, events), head)
            if not full:
                return

    def _move(self, checkpoint: Checkpoint, head: int) -> None:
        self._checkpoint = checkpoint
        self.position = checkpoint.position
        self.lag = head - checkpoint.position
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
