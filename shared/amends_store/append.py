"""Appending: concurrent commands of one process become one call of `append_batch`, with one commit."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Hashable
from contextvars import Context
from typing import Final

import asyncpg

from amends_store.errors import AppendRefused, OutcomeUnknown, Overloaded, StoreUnavailable
from amends_store.lane import Lane, Waiting
from amends_store.records import Append, Verdict

# About a quarter of a second of work: whoever would wait longer is better told to come back.
_WAITING_COMMANDS_MAX: Final = 4096
# An idle process gives its connections back after this long.
_IDLE_SECONDS_MAX: Final = 1.0
# Two batches overlap: one is made and answered here while the server writes the other.
_LANES_MAX: Final = 2
# Below this many one batch at a time is quicker: a batch costs as much as ten commands, whatever is in it.
_OVERLAPPING_COMMANDS_MIN: Final = 96

_log = logging.getLogger(__name__)


class Appender:
    """The way into the log, one per process. `on_commit` is told the last position after each commit.

    Commands on one stream, with one idempotency key or bringing a key for one customer are appended in the
    order in which they came.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        on_commit: Callable[[int], None] | None = None,
        on_batch: Callable[[int, float], None] | None = None,
        batch_commands_max: int = 256,
    ) -> None:
        """`on_batch` is told of each batch how many commands it had, and how many seconds it took."""
        self._pool = pool
        # Each holds a connection while it is busy; others may want one too.
        self._lanes_count: int = min(_LANES_MAX, max(1, pool.get_max_size() - 1))
        self._on_commit = on_commit
        self._on_batch = on_batch
        self._batch_commands_max = batch_commands_max
        self._waiting: deque[Waiting] = deque()
        self._claimed: set[Hashable] = set()
        self._under_way = 0
        self._work = asyncio.Event()
        self._lanes: list[asyncio.Task[None]] = []
        self._closing = False

    @property
    def waiting(self) -> int:
        """How many commands wait for a batch."""
        return len(self._waiting)

    @property
    def is_alive(self) -> bool:
        """Whether what is waiting will be taken."""
        return self._closing or not any(lane.done() for lane in self._lanes)

    async def append(self, append: Append) -> Verdict:
        """The store's verdict; `Appended` is durable.

        Raises StoreUnavailable (Overloaded and OutcomeUnknown are kinds of it), AppendRefused.
        """
        if self._closing:
            raise StoreUnavailable("this process is stopping")
        if len(self._waiting) >= _WAITING_COMMANDS_MAX:
            raise Overloaded(f"{len(self._waiting)} are waiting")
        if not append.events:
            raise AppendRefused("it has no events")
        if not self._lanes:
            # In a context of their own: they outlive the request that happens to begin them.
            self._lanes = [
                asyncio.create_task(self._run(first=n == 0), name=f"appender-{n}", context=Context())
                for n in range(self._lanes_count)
            ]
        waiting = Waiting(append, _claims(append), asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._batch_size() > 0:
            self._work.set()
        return await waiting.verdict

    async def aclose(self) -> None:
        """Refuse new commands, finish the waiting ones, give the connections back."""
        self._closing = True
        self._work.set()
        await asyncio.gather(*self._lanes)

    async def _run(self, *, first: bool) -> None:
        lane = Lane(self._pool)
        try:
            while True:
                batch = self._take(self._batch_size(first=first))
                if batch:
                    await self._settle(lane, batch)
                    # Callers who were just answered may have the next command ready: the fuller the batches,
                    # the less each command waits for the disk.
                    await asyncio.sleep(0)
                elif self._closing and not self._waiting:
                    return
                else:
                    self._work.clear()
                    await self._rest(lane)
        finally:
            await lane.release()

    async def _rest(self, lane: Lane) -> None:
        try:
            async with asyncio.timeout(_IDLE_SECONDS_MAX if lane.holds_connection else None):
                await self._work.wait()
        except TimeoutError:
            await lane.release()

    def _take(self, limit: int) -> list[Waiting]:
        """The next commands, oldest first, that may go together. What must wait keeps its place."""
        batch: list[Waiting] = []
        passed_over: list[Waiting] = []
        # A command behind one that was passed over must not overtake it.
        held: set[Hashable] = set()
        while self._waiting and len(batch) < limit:
            waiting = self._waiting.popleft()
            if waiting.verdict.done():  # its caller has gone
                continue
            if self._claimed.isdisjoint(waiting.claims) and held.isdisjoint(waiting.claims):
                self._claimed.update(waiting.claims)
                batch.append(waiting)
            else:
                held.update(waiting.claims)
                passed_over.append(waiting)
        self._waiting.extendleft(reversed(passed_over))
        return batch

    def _batch_size(self, *, first: bool = True) -> int:
        """How many commands may go now: all of them on the first lane, or with many about an equal share for each."""
        known = len(self._waiting) + self._under_way
        if known < _OVERLAPPING_COMMANDS_MIN:
            # Not on either lane in turn: a server process that did not write the last batch takes a seventh longer.
            return len(self._waiting) if first and not self._under_way else 0
        return min(self._batch_commands_max, -(-known // self._lanes_count))

    async def _settle(self, lane: Lane, batch: list[Waiting]) -> None:
        self._under_way += len(batch)
        began = time.monotonic()
        try:
            position = await lane.commit(batch)
            if self._on_batch is not None:
                self._on_batch(len(batch), time.monotonic() - began)
            if position is not None and self._on_commit is not None:
                self._on_commit(position)
        except Exception as error:
            _log.exception("a batch failed in an unforeseen way")
            # Whatever happened, nobody may wait for ever.
            for waiting in batch:
                waiting.fail(OutcomeUnknown, error)
            await lane.discard()
        finally:
            self._under_way -= len(batch)
            for waiting in batch:
                self._claimed.difference_update(waiting.claims)
            self._work.set()


def _claims(command: Append) -> tuple[Hashable, ...]:
    # The kinds of claims cannot be taken for one another: a UUID, a tuple of three, a tuple of two.
    claims: tuple[Hashable, ...] = (command.stream_id,)
    if command.receipt is not None:
        claims += ((command.tenant, command.receipt.principal, command.receipt.key),)
    if command.data_key is not None:
        claims += ((command.tenant, command.data_key.customer_ref),)
    return claims
