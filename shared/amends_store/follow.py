"""Following the log: every event, in order, to a handler, and how far it came is remembered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NoReturn

import asyncpg

from amends_store.read import Executor
from amends_store.records import StoredEvent

# Runs in the transaction that moves the checkpoint: what it writes through `conn` is exactly once.
Project = Callable[[Executor, list[StoredEvent]], Awaitable[None]]
# Runs outside any transaction, before the checkpoint moves: at least once.
Relay = Callable[[list[StoredEvent]], Awaitable[None]]


class Follower:
    """Follows the log under the checkpoint `name`, woken by `wake()` and by polling every 250 ms.

    `position` is how far it came, `lag` how many events it is behind what it last saw of the log.
    """

    position: int
    lag: int

    @classmethod
    def projecting(
        cls, pool: asyncpg.Pool, name: str, project: Project, *, batch_events_max: int = 500
    ) -> Follower:
        raise NotImplementedError

    @classmethod
    def relaying(
        cls, pool: asyncpg.Pool, name: str, relay: Relay, *, batch_events_max: int = 500
    ) -> Follower:
        raise NotImplementedError

    async def run(self) -> NoReturn:
        """Follow until cancelled, waiting out outages. Raises Fenced, LogHole, the handler's errors."""
        raise NotImplementedError

    def wake(self) -> None:
        """Something was committed: look now. Cheap, and safe to call at any time."""
        raise NotImplementedError

    async def reached(self, position: int) -> None:
        """Wait until everything up to `position` has been handled."""
        raise NotImplementedError
