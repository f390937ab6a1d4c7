"""A log of some rows of the tree, for the tests to which its length is nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.postgres import PostgresServer
from tests.support.whole_logs import WholeLog, copy_of, whole_log


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def whole(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WholeLog]:
    """To be read only, and to be copied."""
    directory = tmp_path_factory.mktemp("exported")
    async with whole_log(postgres, directory, 1_650, (1, 256, 1_000, 1_280, 1_640), range_events=256) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def changed(whole: WholeLog) -> AsyncIterator[WholeLog]:
    async with copy_of(whole) as copy:
        yield copy
