"""A log of the test's own, to be published."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.notifying import Log, a_log
from tests.support.postgres import Database


@pytest_asyncio.fixture(loop_scope="session")
async def log(database: Database) -> AsyncIterator[Log]:
    async with a_log(database) as made:
        yield made
