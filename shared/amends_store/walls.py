"""Row-level security as an operator sees it: which walls are down, and putting them up (sql/functions/walls.sql)."""

from __future__ import annotations

from typing import Final, NamedTuple

import asyncpg
import stamina

from amends_store.read import Executor
from amends_store.statements import statement

_FINISH: Final = statement("finish_upgrade")
_DOWN: Final = statement("walls_that_are_down")


class Down(NamedTuple):
    """Tables without their wall; and those that are open for services of the release before, which say no tenant."""

    missing: tuple[str, ...]
    open_for_release_before: tuple[str, ...]


async def walls_down(executor: Executor) -> Down:
    """What is open. Raises asyncpg's errors: UndefinedFunctionError where the schema has no walls yet."""
    rows = await executor.fetch(_DOWN)
    return Down(
        tuple(row["name"] for row in rows if not row["for_release_before"]),
        tuple(row["name"] for row in rows if row["for_release_before"]),
    )


async def finish_upgrade(owner: asyncpg.Connection, *, patience_seconds: float = 600.0) -> None:
    """Put up what is down and close what is open. Services of the release before find nothing from then on.

    Whoever writes goes first, as in a step of a migration. Raises asyncpg's errors.
    """
    async for attempt in stamina.retry_context(
        on=(asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError),
        attempts=None,
        timeout=patience_seconds,
        wait_initial=0.2,
        wait_max=2.0,
        wait_jitter=0.2,
    ):
        with attempt:
            async with owner.transaction():
                await owner.execute("SET LOCAL lock_timeout = '500ms'")
                await owner.execute(_FINISH)
