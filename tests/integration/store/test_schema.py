"""The schema: brought up to date however often it is asked for, append-only for everybody, owned by no service."""

from __future__ import annotations

import asyncio
import sys

import asyncpg
import pytest

from amends_store.append import Appender
from amends_store.errors import StoreUnavailable
from amends_store.migrate import InTheWay, migrate, newest_schema_version, schema_version
from tests.support.appends import a_command
from tests.support.postgres import Database, PostgresServer, new_database

SECONDS_MAX = 60
SERVICES = ["amends_intake", "amends_workflow", "amends_notifier", "amends_auditor"]
CHANGES = ["UPDATE events SET actor = 'nobody'", "DELETE FROM events", "TRUNCATE events", "TRUNCATE events CASCADE"]


async def test_migrating_again_changes_nothing(database: Database) -> None:
    await migrate(database.url)
    conn = await asyncpg.connect(database.url)
    try:
        assert await schema_version(conn) == newest_schema_version()
    finally:
        await conn.close()


async def test_several_may_migrate_a_new_database_at_once(postgres: PostgresServer) -> None:
    program = "import asyncio, sys; from amends_store.migrate import migrate; asyncio.run(migrate(sys.argv[1]))"
    async with new_database(postgres, template="template0") as empty, asyncio.timeout(SECONDS_MAX):
        holder = await asyncpg.connect(empty.url)
        async with holder.transaction():
            await holder.execute("SELECT pg_advisory_xact_lock(x'616d656e'::integer, 0)")
            processes = [
                await asyncio.create_subprocess_exec(sys.executable, "-c", program, empty.url) for _ in range(2)
            ]
            # Both have come as far as they can before either does anything.
            while await holder.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await holder.close()
        assert [await process.wait() for process in processes] == [0, 0]
        # And in one process.
        await asyncio.gather(migrate(empty.url), migrate(empty.url))
        assert await empty.fetchval("SELECT version_num FROM alembic_version") == newest_schema_version()


async def test_a_step_that_waits_holds_nothing_of_the_steps_before_it(database: Database) -> None:
    await database.execute(
        "UPDATE alembic_version SET version_num = '0010'; DROP TABLE alerts; DROP FUNCTION fill_alerts; DROP INDEX"
        " cases_open, deadlines_overdue"
    )
    writer = await asyncpg.connect(database.url)
    async with asyncio.timeout(SECONDS_MAX):
        await writer.execute("BEGIN; LOCK TABLE cases IN ROW EXCLUSIVE MODE")
        migrating = asyncio.create_task(migrate(database.url))
        # 0012 makes an index of cases.
        waiting = "SELECT pid FROM pg_locks WHERE relation = 'cases'::regclass AND NOT granted"
        while (pid := await database.fetchval(waiting)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert await database.fetchval("SELECT version_num FROM alembic_version") == "0011"
        assert await database.fetchval("SELECT count(*) FROM alerts") == 0
        await database.execute(f"SELECT pg_terminate_backend({pid})")
        await asyncio.gather(migrating, return_exceptions=True)
    await writer.close()


async def test_a_step_that_cannot_have_its_lock_gives_way_to_writers_and_says_who_has_it(database: Database) -> None:
    await database.execute("UPDATE alembic_version SET version_num = '0011'; DROP INDEX cases_open, deadlines_overdue")
    report = await asyncpg.connect(database.url, server_settings={"application_name": "month-end"})
    async with asyncio.timeout(SECONDS_MAX):
        await report.execute("BEGIN; LOCK TABLE cases IN ROW EXCLUSIVE MODE")
        with pytest.raises(InTheWay, match="month-end"):
            await migrate(database.url, patience_seconds=0.01)
        migrating = asyncio.create_task(migrate(database.url))
        waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'cases'::regclass AND NOT granted"
        while not await database.fetchval(waiting):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        # Behind it, yet before the report ends.
        await database.execute("DELETE FROM cases")
        await report.execute("COMMIT")
        # The steps that come after 0012 were not undone above, and fail.
        await asyncio.gather(migrating, return_exceptions=True)
    assert await database.fetchval("SELECT version_num FROM alembic_version") == "0012"
    await report.close()


async def test_an_index_that_is_built_stays_when_the_step_after_it_has_to_give_way(database: Database) -> None:
    await database.execute(_WITHOUT_THE_INDEX_OF_RECEIPTS)
    built = "SELECT indexrelid::oid FROM pg_index WHERE indrelid = 'hashed_receipts'::regclass AND indkey = '3 2 1'"
    somebody = await asyncpg.connect(database.url)
    async with asyncio.timeout(SECONDS_MAX):
        await somebody.execute("BEGIN; SELECT FROM hashed_receipts")
        with pytest.raises(InTheWay):
            await migrate(database.url, patience_seconds=0.01)
        assert await database.fetchval("SELECT version_num FROM alembic_version") == "0019"
        index = await database.fetchval(built)
        await somebody.execute("COMMIT")
        await migrate(database.url)
    assert await database.fetchval(built) == index
    await somebody.close()


async def test_a_database_that_was_never_migrated_has_no_version(postgres: PostgresServer) -> None:
    async with new_database(postgres, template="template0") as empty:
        conn = await asyncpg.connect(empty.url)
        try:
            assert await schema_version(conn) is None
        finally:
            await conn.close()


async def test_migrating_says_when_there_is_no_server(database: Database) -> None:
    with pytest.raises(StoreUnavailable):
        await migrate("postgresql://postgres@/amends?host=/nowhere")


async def test_not_even_the_owner_can_change_the_log(database: Database, appender: Appender) -> None:
    await appender.append(a_command())
    for change in CHANGES:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await database.execute(change)
        # The mode of a replica switches ordinary triggers off, not these.
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await database.execute(f"SET session_replication_role = replica; {change}")
    assert await database.fetchval("SELECT count(*) FROM events WHERE actor = 'agent-7'") == 1


@pytest.mark.parametrize("service", SERVICES)
async def test_no_service_can_change_the_log(database: Database, appender: Appender, service: str) -> None:
    await appender.append(a_command())
    pool = await database.pool(service)
    for change in [*CHANGES, "DROP TABLE events", "ALTER TABLE events DISABLE TRIGGER ALL"]:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(change)
    assert await database.fetchval("SELECT count(*) FROM events WHERE actor = 'agent-7'") == 1


async def test_services_own_nothing_and_cannot_log_in(database: Database) -> None:
    owned = "SELECT count(*) FROM pg_class JOIN pg_roles r ON r.oid = relowner WHERE rolname = ANY($1)"
    assert await database.fetchval(owned, SERVICES) == 0
    functions = "SELECT count(*) FROM pg_proc JOIN pg_roles r ON r.oid = proowner WHERE rolname = ANY($1)"
    assert await database.fetchval(functions, SERVICES) == 0
    login = "SELECT count(*) FROM pg_roles WHERE rolname = ANY($1) AND (rolcanlogin OR rolsuper OR rolcreatedb)"
    assert await database.fetchval(login, SERVICES) == 0


@pytest.mark.parametrize("service", ["amends_notifier", "amends_auditor"])
async def test_who_only_reads_cannot_append(database: Database, service: str) -> None:
    appender = Appender(await database.pool(service))
    with pytest.raises(StoreUnavailable, match="permission denied"):
        await appender.append(a_command())
    await appender.aclose()


async def test_an_auditor_changes_nothing(database: Database) -> None:
    pool = await database.pool("amends_auditor")
    granted = await pool.fetch(
        "SELECT DISTINCT privilege_type FROM information_schema.table_privileges WHERE grantee = 'amends_auditor'"
    )
    assert [row["privilege_type"] for row in granted] == ["SELECT"]


async def test_every_service_may_ask_which_schema_it_runs_on(database: Database) -> None:
    for service in SERVICES:
        assert await schema_version(await database.pool(service)) == newest_schema_version()


_WITHOUT_THE_INDEX_OF_RECEIPTS = """
    UPDATE alembic_version SET version_num = '0018';
    ALTER TABLE hashed_receipts
        DROP CONSTRAINT receipts_pkey, ADD CONSTRAINT receipts_pkey PRIMARY KEY (tenant, principal, key_hash);
"""
