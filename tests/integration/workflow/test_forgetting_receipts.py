"""The process that keeps the read model removes old receipts by itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from amends_store.append import Appender
from amends_workflow.forgetting_receipts import ForgettingReceipts
from amends_workflow.tasks import stop
from tests.support.appends import a_command, a_receipt
from tests.support.postgres import Database

SECONDS_MAX = 20


async def test_whoever_leads_forgets_old_receipts_and_whoever_does_not_leaves_them(database: Database) -> None:
    appender = Appender(await database.pool("amends_intake"))
    await appender.append(a_command(receipt=a_receipt("old")))
    await appender.aclose()
    await database.move_clock(timedelta(days=91))
    pool = await database.pool("amends_workflow")
    asked, told = asyncio.Event(), asyncio.Queue[int]()

    def not_leading() -> bool:
        asked.set()
        return False

    def forgetting(is_leading: bool) -> ForgettingReceipts:
        leading = (lambda: True) if is_leading else not_leading
        return ForgettingReceipts(pool, timedelta(days=90), is_leading=leading, on_forgotten=told.put_nowait)

    async with asyncio.timeout(SECONDS_MAX):
        standing_by = asyncio.create_task(forgetting(False).run())
        await asked.wait()
        await stop(standing_by)
        assert told.empty()
        leader = asyncio.create_task(forgetting(True).run())
        assert await told.get() == 1
        await stop(leader)
    assert await database.fetchval("SELECT count(*) FROM hashed_receipts") == 0
