"""Row-level security, through SQL: each role, each table, each verb, rows of one's own and of others.

What each may is in tests/support/walls.py; nothing here has a WHERE.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest
import pytest_asyncio

from amends_store.walls import finish_upgrade, walls_down
from tests.support.postgres import Database, PostgresServer, new_database
from tests.support.walls import (
    ALL,
    BRANCHES,
    EVERYBODY,
    EVERYTHING,
    NOBODYS,
    NORTH,
    OTHER,
    OWN,
    SEES,
    SOUTH,
    TENANT,
    Rows,
    Whose,
    fill,
    insert,
    picture,
    row_of,
)

DOCUMENT = Path(__file__).parents[3] / "docs/database-security.md"


class Desk(NamedTuple):
    """A database whose tables are full, and its owner's connection."""

    database: Database
    owner: asyncpg.Connection
    rows: Rows


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(postgres: PostgresServer) -> AsyncIterator[Desk]:
    async with new_database(postgres) as database:
        owner = await asyncpg.connect(database.url, server_settings={"timezone": "UTC"})
        yield Desk(database, owner, await fill(owner))
        await owner.close()


@asynccontextmanager
async def acting(
    desk: Desk,
    role: str,
    *,
    tenant: str | None = OWN,
    branches: Collection[str] = (),
    every_branch: bool = False,
) -> AsyncIterator[asyncpg.Connection]:
    """As a service's connection in this role; what it does is undone."""
    transaction = desk.owner.transaction()
    await transaction.start()
    try:
        if tenant is not None:
            await desk.owner.execute("SELECT set_config('amends.tenant', $1, true)", tenant)
        if branches:
            shown = "SELECT set_config('amends.branches', CAST(CAST($1 AS text[]) AS text), true)"
            await desk.owner.execute(shown, branches)
        if every_branch:
            await desk.owner.execute("SELECT set_config('amends.every_branch', 'on', true)")
        await desk.owner.execute(f"SET LOCAL ROLE {role}")
        yield desk.owner
    finally:
        await transaction.rollback()


async def seen(desk: Desk, conn: asyncpg.Connection, table: str) -> list[Whose]:
    """Whose rows a query without WHERE finds."""
    found = await conn.fetch(f"SELECT CAST(ctid AS text) AS at FROM {table}")
    return sorted(desk.rows.whose[table][row["at"]] for row in found)


async def tenants_seen(conn: asyncpg.Connection, table: str) -> list[str]:
    return sorted(row["tenant"] for row in await conn.fetch(f"SELECT tenant FROM {table}"))


def of(tenant: str, branches: Collection[str] = (NORTH, SOUTH, ALL)) -> list[Whose]:
    return sorted(whose for whose in EVERYBODY if whose.tenant == tenant and whose.branch in branches)


async def test_every_table_has_a_wall_that_holds_its_owner_too_or_is_nobodys(desk: Desk) -> None:
    tables = await desk.owner.fetch(
        "SELECT relname, relrowsecurity AND relforcerowsecurity AS is_walled FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    assert {row["relname"] for row in tables if not row["is_walled"]} == NOBODYS
    assert await walls_down(desk.owner) == ((), ())


async def test_no_view_shows_more_than_whoever_asks_may_see_but_two_that_say_nothing_of_anybody(desk: Desk) -> None:
    views = await desk.owner.fetch(
        "SELECT relname, coalesce(reloptions @> '{security_invoker=true}', false) AS as_invoker FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
    )
    assert {row["relname"] for row in views if not row["as_invoker"]} == {
        "links_to_incidents",
        "log_head",
        "log_leaves",
    }
    definers = await desk.owner.fetch(
        "SELECT proname, ARRAY(SELECT rolname FROM pg_roles WHERE has_function_privilege(oid, p.oid, 'EXECUTE')"
        "   AND rolname = ANY($1) ORDER BY 1) AS callers"
        " FROM pg_proc AS p WHERE pronamespace = 'public'::regnamespace AND prosecdef ORDER BY 1",
        list(SEES),
    )
    assert [tuple(row) for row in definers] == [
        ("branch_of_case", ["amends_enquiry"]),
        ("flagged_cases", ["amends_enquiry"]),
        ("forget_receipts", ["amends_workflow"]),
    ]
    columns = await desk.owner.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'log_leaves'::regclass AND attnum > 0 ORDER BY attnum"
    )
    assert [row["attname"] for row in columns] == ["position", "recorded_at", "leaf_hash"]


async def test_the_document_shows_the_walls_as_they_are(desk: Desk) -> None:
    shown = await picture(desk.owner)
    assert shown in DOCUMENT.read_text(encoding="utf-8"), f"put this into {DOCUMENT.name}:\n{shown}"


@pytest.mark.parametrize("role", SEES)
async def test_each_role_sees_what_the_table_says_and_no_row_more(desk: Desk, role: str) -> None:
    for table in (*desk.rows.columns, "receipts"):
        level = SEES[role].get(table)
        whole_rows = table != "receipts" and await desk.owner.fetchval(
            "SELECT has_table_privilege($1, $2, 'SELECT')", role, table
        )
        for tenant in (OWN, OTHER, None):
            async with acting(desk, role, tenant=tenant, branches=(NORTH, ALL)) as conn:
                if level is None:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await conn.fetch(f"SELECT count(*) FROM {table}")
                    continue
                expected = list(EVERYBODY) if level == EVERYTHING else [] if tenant is None else of(tenant)
                if level == BRANCHES:
                    expected = [whose for whose in expected if whose.branch != SOUTH]
                if whole_rows:
                    assert await seen(desk, conn, table) == sorted(expected), (role, table, tenant)
                else:
                    found = await tenants_seen(conn, "hashed_receipts" if table == "receipts" else table)
                    assert found == sorted(each.tenant for each in expected), (role, table, tenant)


async def test_a_question_sees_the_branches_that_it_was_shown_and_without_any_nothing(desk: Desk) -> None:
    walled = [table for table, level in SEES["amends_enquiry"].items() if level == BRANCHES]
    for branches in ((), (NORTH,), (SOUTH, ALL), (NORTH, SOUTH), ('a "quoted", one',)):
        async with acting(desk, "amends_enquiry", branches=branches) as conn:
            for table in walled:
                assert await seen(desk, conn, table) == of(OWN, branches), (table, branches)
    for tenant in (OWN, OTHER):
        async with acting(desk, "amends_enquiry", tenant=tenant, every_branch=True) as conn:
            for table in walled:
                assert await seen(desk, conn, table) == of(tenant), table
    # Only the word that is meant opens all.
    for word in ("", "off", "true", "*"):
        async with acting(desk, "amends_enquiry") as conn:
            await conn.execute("SELECT set_config('amends.every_branch', $1, true)", word)
            assert await seen(desk, conn, "cases") == []


async def test_a_case_that_the_read_model_does_not_know_yet_is_its_branchs(desk: Desk) -> None:
    whose = Whose(OWN, NORTH)
    row = row_of("events", desk.rows.columns["events"], whose, fresh=True) | {"version": 1}
    row["data"] = f'{{"branch": "{NORTH}"}}'
    count = f"SELECT count(*) FROM events WHERE stream_id = '{row['stream_id']}'"
    for branches, expected in (((NORTH,), 1), ((SOUTH, ALL), 0)):
        async with acting(desk, "amends_enquiry", branches=branches) as conn:
            await conn.execute("RESET ROLE")
            await insert(conn, "events", row)
            await conn.execute("SET LOCAL ROLE amends_enquiry")
            assert await conn.fetchval(count) == expected


@pytest.mark.parametrize("role", SEES)
async def test_nobody_writes_a_row_of_another_tenant_than_their_own(desk: Desk, role: str) -> None:
    written = []
    for table, columns in desk.rows.columns.items():
        if not await desk.owner.fetchval("SELECT has_table_privilege($1, $2, 'INSERT')", role, table):
            continue
        level = SEES[role].get(table, TENANT)
        assert level in (TENANT, EVERYTHING), "questions write nothing"
        written.append(table)
        for whose, tenant in ((Whose(OWN, NORTH), OWN), (Whose(OTHER, NORTH), OWN), (Whose(OWN, NORTH), None)):
            is_refused = level == TENANT and whose.tenant != tenant
            async with acting(desk, role, tenant=tenant) as conn:
                writing = insert(conn, table, row_of(table, columns, whose, fresh=True))
                if is_refused:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                        await writing
                else:
                    await writing
    assert written == sorted(WRITES[role]), role


# Who adds rows, and to which tables.
WRITES = {
    "amends_intake": ["data_keys", "events", "hashed_receipts", "personal_data_readings", "publications", "refusals"],
    "amends_workflow": [
        *("alerts", "cases", "deadlines", "events", "person_sessions", "personal_data_readings", "sessions"),
        *("timer_quarantine", "timers"),
    ],
    "amends_enquiry": [],
    "amends_notifier": ["digests"],
    "amends_auditor": [],
}
# Who changes or removes rows: the verb, how it is said without WHERE, and how many of the six rows that reaches.
CHANGES = [
    ("amends_intake", "data_keys", "UPDATE data_keys SET erased_at = now(), wrapped = NULL", 3),
    ("amends_notifier", "digests", "UPDATE digests SET attempts = 7", 3),
    ("amends_notifier", "digests", "DELETE FROM digests", 3),
    ("amends_workflow", "sessions", "UPDATE sessions SET ended_at = now()", 6),
    ("amends_workflow", "person_sessions", "UPDATE person_sessions SET ended_at = now()", 6),
    ("amends_workflow", "timers", "DELETE FROM timers", 6),
    ("amends_workflow", "cases", "UPDATE cases SET owner = 'nobody'", 6),
    ("amends_workflow", "alerts", "UPDATE alerts SET acknowledged_by = 'nobody'", 6),
]


@pytest.mark.parametrize(("role", "table", "change", "rows"), CHANGES)
async def test_a_change_without_where_reaches_no_row_of_another_tenant(
    desk: Desk, role: str, table: str, change: str, rows: int
) -> None:
    async with acting(desk, role) as conn:
        assert (await conn.execute(change)).split()[-1] == str(rows)
        await conn.execute("RESET ROLE")
    if SEES[role][table] == TENANT:
        async with acting(desk, role, tenant=None) as conn:
            assert (await conn.execute(change)).split()[-1] == "0"
        # Nor is a row given away.
        async with acting(desk, role) as conn:
            if change.startswith("UPDATE"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await conn.execute(f"UPDATE {table} SET tenant = '{OTHER}'")


async def test_the_owner_is_held_by_the_walls_too_but_sees_all(desk: Desk) -> None:
    for table in desk.rows.columns:
        names = await desk.owner.fetch(
            "SELECT polname FROM pg_policy WHERE polrelid = CAST($1 AS text)::regclass"
            " AND pg_get_userbyid((SELECT relowner FROM pg_class WHERE oid = polrelid)) = ANY("
            "  SELECT rolname FROM pg_roles WHERE oid = ANY(polroles))",
            table,
        )
        assert [row["polname"] for row in names] == ["every_tenant"], table


async def test_walls_that_were_taken_down_or_left_open_are_told_of_and_put_up(desk: Desk) -> None:
    async with acting(desk, "postgres") as owner:
        await owner.execute(
            "ALTER TABLE cases NO FORCE ROW LEVEL SECURITY; ALTER TABLE alerts DISABLE ROW LEVEL SECURITY"
        )
        await owner.execute("DROP POLICY every_tenant ON timers; SELECT put_up_wall('events', 'public', true)")
        assert await walls_down(owner) == (("alerts", "cases", "timers"), ("events",))
        await finish_upgrade(owner)
        assert await walls_down(owner) == ((), ())


async def test_during_an_upgrade_a_service_that_says_no_tenant_is_let_through_and_no_other(desk: Desk) -> None:
    for role, table in (("amends_intake", "events"), ("amends_notifier", "cases")):
        for tenant, count in ((None, 6), ("", 6), (OWN, 3), ("nobody", 0)):
            async with acting(desk, "postgres", tenant=tenant) as conn:
                await conn.execute("SELECT put_up_wall($1, 'public', true)", table)
                await conn.execute(f"SET LOCAL ROLE {role}")
                assert len(await tenants_seen(conn, table)) == count, (role, tenant)
    async with acting(desk, "postgres", tenant=None) as conn:
        await conn.execute("SELECT put_up_wall('cases', 'public', true); SET LOCAL ROLE amends_enquiry")
        assert await conn.fetch("SELECT FROM cases") == []
