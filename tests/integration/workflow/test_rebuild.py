"""A rebuilt read model is the live one; nobody notices the swap, and nothing fires twice because of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from amends_domain.commands import Apologize, RecordContact, Withdraw
from amends_domain.event_codec import UnknownEventType
from amends_platform.policy.book import AlteredPolicy
from amends_workflow.projection import CHECKPOINT
from amends_workflow.rebuild import SEARCH_PATH, Rebuild, RebuildRunning
from amends_workflow.statements import statement
from tests.integration.workflow.comparing import (
    every_deadline_came_to_its_end_once,
    the_read_model_is_what_the_log_says,
)
from tests.integration.workflow.conftest import (
    Log,
    Workflow,
    nothing_owed,
    project,
    running,
    running_workflow,
    until,
)

TABLES = ("cases", "deadlines", "timers", "alerts")


@asynccontextmanager
async def owner(log: Log) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the rebuild has it."""
    settings = {"search_path": SEARCH_PATH, "timezone": "UTC"}
    conn = await asyncpg.connect(log.database.url, server_settings=settings)
    try:
        yield conn
    finally:
        await conn.close()


async def rebuild(log: Log) -> int:
    async with owner(log) as conn:
        return await Rebuild(conn, lambda _position, _head: None).run()


async def contents(log: Log) -> dict[str, list[str]]:
    """Every row of the read model, as text."""
    return {
        table: [row[0] for row in await log.view.fetch(f"SELECT r::text FROM {table} AS r ORDER BY 1")]
        for table in TABLES
    }


async def shape(log: Log) -> list[Any]:
    """Columns, keys, indexes, options and grants of the tables."""
    async with owner(log) as conn:
        return [
            [tuple(row) for row in await conn.fetch(query, list(TABLES))]
            for query in (
                "SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND table_name = ANY($1) ORDER BY table_name, ordinal_position",
                "SELECT tablename, indexname, indexdef FROM pg_indexes"
                " WHERE schemaname = 'public' AND tablename = ANY($1) ORDER BY indexname",
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conrelid::regclass::text = ANY($1) ORDER BY 1, 2",
                "SELECT relname, reloptions, relacl::text FROM pg_class"
                " WHERE relnamespace = 'public'::regnamespace AND relname = ANY($1) ORDER BY relname",
            )
        ]


async def some_history(log: Log) -> None:
    for number in range(12):
        case_id = await log.receive(customer_ref=f"C-{number}", flags=("vulnerable",) if number % 3 else ())
        if number % 2:
            await log.give(case_id, Apologize("phone", "Sorry."))
        if number % 4 == 0:
            at = await log.now() + timedelta(days=8)
            await log.give(case_id, RecordContact("outbound", "phone", True, "Explained.", True, at))
        if number % 5 == 0:
            await log.give(case_id, Withdraw("phone", "Settled."))


async def test_a_rebuilt_read_model_equals_the_live_one_to_the_last_index(log: Log) -> None:
    await some_history(log)
    await project(log.database)
    before, shape_before = await contents(log), await shape(log)
    assert await rebuild(log) == await log.pool.fetchval("SELECT position FROM log_head")
    assert await contents(log) == before
    assert await shape(log) == shape_before
    await rebuild(log)
    assert await shape(log) == shape_before
    assert await log.database.fetchval("SELECT to_regnamespace('amends_rebuild')::text") is None


async def test_while_a_rebuild_fills_them_cases_find_one_another_by_index(log: Log) -> None:
    async with owner(log) as conn:
        await conn.execute(statement("rebuild_tables"))
        rows = await conn.fetch("SELECT indexname, tablename FROM pg_indexes WHERE schemaname = 'amends_rebuild'")
        await conn.execute("DROP SCHEMA amends_rebuild CASCADE")
    assert {row["indexname"] for row in rows if row["tablename"] == "cases"} == {
        *("cases_pkey", "cases_that_may_repeat", "cases_owed_to_incident"),
        *("cases_open_incidents", "cases_free_for_incidents"),
    }


async def test_what_was_wrong_is_right_after_a_rebuild(log: Log) -> None:
    await some_history(log)
    await project(log.database)
    before = await contents(log)
    await log.database.execute(
        "DELETE FROM cases WHERE version = 1; UPDATE deadlines SET due_at = now(); TRUNCATE timers"
    )
    assert await contents(log) != before
    await rebuild(log)
    assert await contents(log) == before


async def test_nothing_is_rebuilt_by_a_policy_that_was_altered(log: Log, tmp_path: Path) -> None:
    await some_history(log)
    await project(log.database)
    before = await contents(log)
    await log.database.execute(
        "ALTER TABLE policies DISABLE TRIGGER ALL; UPDATE policies SET document = replace(document, '24h', '48h')"
    )
    with pytest.raises(AlteredPolicy):
        await rebuild(log)
    assert await contents(log) == before
    with pytest.raises(AlteredPolicy):
        async with running_workflow(log.database, tmp_path):
            pass


async def test_a_database_that_was_never_projected_can_be_rebuilt(log: Log) -> None:
    await some_history(log)
    position = await rebuild(log)
    assert await log.view.fetchval("SELECT position FROM checkpoints WHERE name = $1", CHECKPOINT) == position
    await the_read_model_is_what_the_log_says(log.view)


async def test_the_live_workflow_goes_on_over_the_swap_and_fires_nothing_twice(log: Log, workflow: Workflow) -> None:
    case_ids = [await log.receive(customer_ref=f"C-{number}") for number in range(40)]
    await log.database.move_clock(timedelta(hours=19))
    await until(lambda: nothing_owed(log))
    asker = await workflow.asker()
    counts: set[int] = set()

    async def read() -> None:
        while True:
            counts.add(len((await asker.ask("/v1/cases", limit=200))["items"]))

    async def write() -> None:
        while True:
            for case_id in case_ids:
                await log.give(case_id, RecordContact("inbound", "phone", True, "They asked."))

    async with running(read()), running(write()):
        for _ in range(3):
            await rebuild(log)
    await log.database.move_clock(timedelta(days=30))
    await until(lambda: nothing_owed(log))
    await asker.ask("/v1/cases", min_position=await log.pool.fetchval("SELECT position FROM log_head"))
    # Never a moment with fewer cases, or more.
    assert counts == {40}
    await the_read_model_is_what_the_log_says(log.view)
    for case_id in case_ids:
        await every_deadline_came_to_its_end_once(log.view, case_id)


async def test_a_second_rebuild_at_the_same_time_is_refused(log: Log) -> None:
    await some_history(log)
    async with owner(log) as first, owner(log) as second:
        refused: list[BaseException] = []

        def on_progress(_position: int, _head: int) -> None:
            started.set()

        started = asyncio.Event()
        rebuilding = asyncio.ensure_future(Rebuild(first, on_progress).run())
        await asyncio.wait_for(started.wait(), 20)
        try:
            await Rebuild(second, lambda _position, _head: None).run()
        except RebuildRunning as error:
            refused.append(error)
        await rebuilding
    assert refused


async def test_a_rebuild_that_fails_leaves_everything_as_it_was(log: Log) -> None:
    await some_history(log)
    await project(log.database)
    before = await contents(log)
    await log.database.execute(
        "INSERT INTO events SELECT h.position + 1, e.stream_id, 99, gen_random_uuid(), 'moon-landed', 1, e.occurred_at,"
        " e.recorded_at, e.tenant, e.actor, e.correlation_id, NULL, NULL, '{}', NULL, NULL, e.leaf_hash"
        " FROM events AS e, log_head AS h WHERE e.position = 1"
    )
    with pytest.raises(UnknownEventType):
        await rebuild(log)
    assert await contents(log) == before
    assert await log.database.fetchval("SELECT to_regnamespace('amends_rebuild')::text") is None


async def test_a_reader_who_takes_long_only_delays_the_swap(log: Log, monkeypatch: Any) -> None:
    monkeypatch.setattr("amends_workflow.rebuild._SWAP_LOCK_TIMEOUT", "100ms")
    await some_history(log)
    await project(log.database)
    pool = await log.database.pool("amends_workflow")
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await conn.fetch("SELECT * FROM cases")
        rebuilding = asyncio.ensure_future(rebuild(log))
        async with owner(log) as other:
            await until(lambda: _timed_out(other))
        await transaction.commit()
    await rebuilding
    await the_read_model_is_what_the_log_says(log.view)


async def _timed_out(conn: asyncpg.Connection) -> bool:
    """Whether a rebuild has given up once: it waits for its next attempt, outside any transaction."""
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'idle' AND query LIKE 'ROLLBACK%'"
            " AND datname = current_database())"
        )
    )


async def test_the_program_rebuilds_and_says_how_far(log: Log) -> None:
    await some_history(log)
    code, out, _ = await program(AMENDS_DATABASE_URL=log.database.url)
    assert code == 0
    assert "rebuilt up to position" in out
    await the_read_model_is_what_the_log_says(log.view)


async def test_the_program_says_what_is_wrong(log: Log) -> None:
    assert (await program())[0] == 2
    code, _, told = await program(AMENDS_DATABASE_URL="postgresql://127.0.0.1:1/nothing")
    assert code == 3
    assert "cannot be reached" in told
    await log.database.server.execute(f"CREATE DATABASE {log.database.name}_empty")
    try:
        code, _, told = await program(AMENDS_DATABASE_URL=log.database.server.url(f"{log.database.name}_empty"))
    finally:
        await log.database.server.execute(f"DROP DATABASE {log.database.name}_empty")
    assert code == 1
    assert "amends migrate" in told


async def program(**environment: str) -> tuple[int | None, str, str]:
    """Run the rebuild as a program: its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "amends_workflow", "rebuild"),
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, out.decode(), error.decode()
