"""What of a tenant a question may see: every statement of an answer is run under it, and the database holds it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, Self

import asyncpg

from amends_store.read import Executor

ROLE: Final = "amends_enquiry"

# Row-level security goes by these (see put_up_wall.sql). The tenant comes with the connection.
_SHOW_BRANCHES: Final = "SELECT set_config('amends.branches', CAST(CAST($1 AS text[]) AS text), $2)"
_SHOW_EVERY_BRANCH: Final = "SELECT set_config('amends.every_branch', 'on', $1)"

Isolation = Literal["read_committed", "repeatable_read"]


class View:
    """Some branches of the tenant, or (None) all. What it does not say is not there, whatever a statement asks for.

    `pool` has connections of the role ROLE, which without a view see no case. It is used like a pool: every function
    of the store that takes an executor takes a view. Raises asyncpg's errors.
    """

    def __init__(self, pool: asyncpg.Pool, branches: Collection[str] | None) -> None:
        self._pool = pool
        self._branches = None if branches is None else sorted(branches)

    def of_branches(self, branches: Collection[str] | None) -> Self:
        return type(self)(self._pool, branches)

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        async with self.reading() as conn:
            rows: list[Any] = await conn.fetch(query, *arguments)
            return rows

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        async with self.reading() as conn:
            return await conn.fetchrow(query, *arguments)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        async with self.reading() as conn:
            return await conn.fetchval(query, *arguments)

    @asynccontextmanager
    async def reading(self, isolation: Isolation = "read_committed") -> AsyncIterator[Executor]:
        """A transaction that reads. The view ends with it, however it ends."""
        async with self._pool.acquire() as conn, conn.transaction(isolation=isolation, readonly=True):
            await self._show(conn, is_local=True)
            yield conn

    @asynccontextmanager
    async def session(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection, for whoever makes transactions of their own. The pool resets what it is given back."""
        async with self._pool.acquire() as conn:
            await self._show(conn, is_local=False)
            yield conn

    async def _show(self, conn: Executor, *, is_local: bool) -> None:
        if self._branches is None:
            await conn.execute(_SHOW_EVERY_BRANCH, is_local)
        else:
            await conn.execute(_SHOW_BRANCHES, self._branches, is_local)


async def widen(conn: Executor) -> None:
    """Every branch, from here to the end of the transaction: where how many there are is told, and not which."""
    await conn.execute(_SHOW_EVERY_BRANCH, True)
