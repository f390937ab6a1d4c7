"""What the digest tells owners is what the read model holds: read as the notifier, who sees no customer in it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import asyncpg
import pytest

from amends_domain.commands import Apologize, Withdraw
from amends_platform.digest.queue import Today, owners_queue
from amends_workflow.rebuild import SEARCH_PATH, Rebuild
from tests.integration.workflow.conftest import TENANT, Log, project

MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai."""


async def told(log: Log) -> list[tuple[str, str, str]]:
    """(section, clock, branch) of everything that is told, as the notifier reads it."""
    pool = await log.database.pool("amends_notifier")
    items = await owners_queue(pool, TENANT, Today(await log.now(), log.policy), time(8))
    return sorted((item.section, item.clock, item.branch) for item in items)


async def test_owners_are_told_of_what_is_due_of_what_they_owe_still_and_of_what_was_broken(log: Log) -> None:
    await log.database.stop_clock(MONDAY)
    late, kept, withdrawn = [await log.receive(branch=branch) for branch in ("late", "kept", "withdrawn")]
    await log.database.stop_clock(MONDAY + timedelta(hours=2))
    await log.give(kept, Apologize("phone", "Sorry."))
    await project(log.database)
    assert await told(log) == []
    await log.database.stop_clock(MONDAY + timedelta(hours=15))
    assert await told(log) == [("today", "apology", "late"), ("today", "apology", "withdrawn")]
    await log.database.stop_clock(MONDAY + timedelta(hours=25))
    assert await told(log) == [("overdue", "apology", "late"), ("overdue", "apology", "withdrawn")]
    await log.give(late, Apologize("phone", "Sorry."))
    await log.give(withdrawn, Withdraw("phone", "Never mind."))
    await project(log.database)
    # Done by now, and too late all the same.
    assert await told(log) == [("breached", "apology", "late"), ("breached", "apology", "withdrawn")]
    await log.database.stop_clock(MONDAY + timedelta(days=3))
    assert [item for item in await told(log) if item[1] == "apology"] == []


async def test_the_notifier_reads_a_rebuilt_read_model_and_still_sees_no_customer(log: Log) -> None:
    await log.receive()
    conn = await asyncpg.connect(log.database.url, server_settings={"search_path": SEARCH_PATH, "timezone": "UTC"})
    try:
        await Rebuild(conn, lambda _position, _head: None).run()
    finally:
        await conn.close()
    await log.database.move_clock(timedelta(hours=25))
    assert ("overdue", "apology", "north-street") in await told(log)
    pool = await log.database.pool("amends_notifier")
    for column in ("customer_ref", "external_ref"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.fetch(f"SELECT {column} FROM cases")
