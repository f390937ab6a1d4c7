"""An appender of intake, on a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio

from amends_store.append import Appender
from tests.support.postgres import Database


@pytest_asyncio.fixture(loop_scope="session")
async def pool(database: Database) -> asyncpg.Pool:
    return await database.pool("amends_intake")


@pytest_asyncio.fixture(loop_scope="session")
async def appender(pool: asyncpg.Pool) -> AsyncIterator[Appender]:
    made = Appender(pool)
    yield made
    await made.aclose()
