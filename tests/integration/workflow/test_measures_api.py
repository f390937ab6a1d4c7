"""The measures to date: kept by the cases that moved, and always what a reading of the whole log would say."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry, generate_latest

from amends_domain.measures.contribution import Sum
from amends_domain.measures.pack import Pack, pack_of
from amends_platform.policy.book import PolicyBook
from amends_workflow.reports.cutting import cut_to_date
from amends_workflow.reports.gauges import Gauges
from amends_workflow.reports.measuring import Measuring
from amends_workflow.reports.reading import summed
from amends_workflow.view import ROLE, View
from tests.integration.workflow.conftest import Log, Workflow
from tests.support.months import ZONE, Row, made_up, publish_policies, write_rows
from tests.support.postgres import Database, PostgresServer, new_database

SEED = 14
TIMES = [datetime(2026, 10, day, 12, tzinfo=ZONE) for day in (2, 3, 9, 25)] + [datetime(2026, 11, 2, tzinfo=ZONE)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def empty(postgres: PostgresServer) -> AsyncIterator[Database]:
    async with new_database(postgres) as database:
        conn = await asyncpg.connect(database.url)
        await publish_policies(conn)
        await conn.close()
        yield database


async def whole(database: Database) -> Pack:
    """What a reading of the whole log says now."""
    pool = await database.pool("amends_workflow")
    policies = PolicyBook(pool)
    async with pool.acquire() as conn:
        cut = await cut_to_date(conn, "default", policies)
        read = await summed(conn, "default", policies, cut, Sum())
    return pack_of(read.total, cut, policies.known, read.logged, read.cases, None)


def between(first: datetime | None, last: datetime) -> list[Row]:
    return [
        row
        for row in made_up(SEED).rows
        if (first is None or first <= row.recorded.recorded_at) and row.recorded.recorded_at < last
    ]


async def test_following_the_log_says_what_reading_all_of_it_does_also_when_a_month_begins(empty: Database) -> None:
    pool = await empty.pool(ROLE)
    measuring = Measuring(View(pool, None), "default", PolicyBook(pool))
    earlier = None
    for at in TIMES:
        conn = await asyncpg.connect(empty.url)
        await write_rows(conn, between(earlier, at))
        await conn.close()
        await empty.stop_clock(at)
        measured = (await measuring.to_date()).pack
        assert measured == await whole(empty)
        assert (measured.month, measured.is_over, measured.reconciles) == (f"2026-{at.month}", False, True)
        earlier = at


async def test_what_many_cases_come_to_is_worked_out_while_others_are_answered(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def watched(*made_from: Any) -> Pack:
        threads.append(threading.current_thread())
        return pack_of(*made_from)

    monkeypatch.setattr("amends_workflow.reports.measuring.pack_of", watched)
    pool = await empty.pool(ROLE)
    await Measuring(View(pool, None), "default", PolicyBook(pool)).to_date()
    assert threads != []
    assert threading.current_thread() not in threads


async def test_asking_again_while_nothing_moves_is_the_same_but_for_the_time(empty: Database) -> None:
    pool = await empty.pool(ROLE)
    measuring = Measuring(View(pool, None), "default", PolicyBook(pool))
    await empty.stop_clock(TIMES[-1])
    first = (await measuring.to_date()).pack
    await empty.stop_clock(TIMES[-1] + timedelta(hours=1))
    again = (await measuring.to_date()).pack
    assert again.until == first.until + timedelta(hours=1)
    assert again.total is first.total


async def test_gauges_have_few_labels_and_only_while_the_process_leads(empty: Database) -> None:
    registry = CollectorRegistry()
    gauges = Gauges(registry)
    gauges.show(await whole(empty))
    shown = generate_latest(registry).decode()
    assert 'amends_month_complaints{branch="harbour"}' in shown
    assert 'amends_month_clock_deadlines{clock="apology",verdict="breached"}' in shown
    assert 'amends_month_reconciles{month="2026-11"} 1.0' in shown
    gauges.show(None)
    assert "{" not in generate_latest(registry).decode()


async def test_a_new_complaint_is_in_the_measures_at_once(workflow: Workflow, log: Log) -> None:
    asker = await workflow.asker("supervisor")
    assert (await asker.get("/v1/measures")).status_code == 404
    await log.receive(branch="harbour")
    await log.receive(branch="old-town")
    measures = await asker.ask("/v1/measures")
    assert (measures["is_over"], measures["total"]["volumes"]["complaints"]) == (False, 2)
    own = await (await workflow.asker("supervisor", branch="harbour")).ask("/v1/measures")
    assert (own["branch"], own["total"]["volumes"]["complaints"]) == ("harbour", 1)
    await log.receive(branch="harbour")
    assert (await asker.ask("/v1/measures", branch="harbour"))["total"]["volumes"]["complaints"] == 2
    pool = await workflow.database.pool("amends_workflow")
    assert await pool.fetchval("SELECT position FROM log_head") == 3
