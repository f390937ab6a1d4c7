"""What a notifier that has just started reads of the cases before it can tell of them."""

from __future__ import annotations

from typing import Any

import asyncpg

from amends_notifier.reading import Reading
from amends_store.read import read_log
from tests.support.notifying import Log
from tests.support.postgres import Database


class Counted:
    """A connection that counts what is asked of it."""

    def __init__(self, connection: Any) -> None:
        self.asked = 0
        self._connection = connection

    async def fetch(self, *arguments: Any) -> Any:
        self.asked += 1
        return await self._connection.fetch(*arguments)


async def test_cases_that_are_not_remembered_are_read_together(log: Log, database: Database) -> None:
    await log.cases(5, 6)
    pool: asyncpg.Pool = await database.pool("amends_notifier")
    async with pool.acquire() as connection:
        rows = await read_log(connection, after=0, limit=30)
        told = []
        for begun_at in (0, 20):
            counted = Counted(connection)
            reading = Reading(pool, counted, "default")
            await reading.prepare(rows[begun_at:])
            told.append([await reading.message(row) for row in rows[begun_at:]])
            # From the beginning there is nothing to be read; later, what was before.
            assert counted.asked == (1 if begun_at else 0)
    assert told[0][20:] == told[1]
