"""What a question sees ends with the question, on whatever connection and however that ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection

import asyncpg
import pytest
import pytest_asyncio

from amends_workflow.view import ROLE, View
from tests.support.postgres import Database, PostgresServer, new_database
from tests.support.walls import ALL, NORTH, OTHER, OWN, SOUTH, fill

WHOSE = "SELECT tenant, branch FROM cases"
SECONDS_MAX = 30


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(postgres: PostgresServer) -> AsyncIterator[Database]:
    async with new_database(postgres) as database:
        owner = await asyncpg.connect(database.url)
        await fill(owner)
        await owner.close()
        yield database


@pytest_asyncio.fixture(loop_scope="session")
async def pool(filled: Database) -> asyncpg.Pool:
    """One connection, which everybody gets in turn."""
    return await filled.pool(ROLE, max_size=1)


async def whose(view: View) -> set[tuple[str, str]]:
    return {(row["tenant"], row["branch"]) for row in await view.fetch(WHOSE)}


def of(tenant: str, branches: Collection[str]) -> set[tuple[str, str]]:
    return {(tenant, branch) for branch in branches}


async def test_a_query_without_where_finds_what_is_in_the_view_and_nothing_else(filled: Database) -> None:
    for tenant in (OWN, OTHER):
        pool = await filled.pool(ROLE, tenant=tenant)
        view = View(pool, [NORTH, ALL])
        assert await whose(view) == of(tenant, [NORTH, ALL])
        assert await view.fetchval("SELECT count(*) FROM events") == 2
        assert len(await view.fetchrow("SELECT * FROM alerts")) > 0
        assert await whose(view.of_branches([])) == set()
        assert await whose(view.of_branches(['odd "branch", {one}'])) == set()
        assert await whose(view.of_branches(None)) == of(tenant, [NORTH, SOUTH, ALL])


async def test_nothing_of_a_view_is_left_on_the_connection(pool: asyncpg.Pool) -> None:
    everything = View(pool, None)

    async def an_error() -> None:
        async with everything.reading() as conn:
            await conn.fetchval("SELECT 1 / 0")

    async def a_broken_answer() -> None:
        async with everything.session() as conn:
            assert await conn.fetchval("SELECT count(*) FROM cases") == 3
            raise RuntimeError("the answer could not be made")

    async def a_timeout() -> None:
        async with everything.reading() as conn:
            await conn.fetchval("SELECT pg_sleep(60)", timeout=0.01)

    async def one_that_hung_up() -> None:
        async def ask() -> None:
            async with everything.session() as conn:
                asking.set()
                await conn.fetchval("SELECT pg_sleep(60)")

        asking = asyncio.Event()
        task = asyncio.create_task(ask())
        await asking.wait()
        task.cancel()
        await task

    async with asyncio.timeout(SECONDS_MAX):
        assert len(await everything.fetch(WHOSE)) == 3
        for ends, error in (
            (an_error, asyncpg.DivisionByZeroError),
            (a_broken_answer, RuntimeError),
            (a_timeout, TimeoutError),
            (one_that_hung_up, asyncio.CancelledError),
        ):
            with pytest.raises(error):
                await ends()
            # As whoever forgot to say what they may see.
            assert await pool.fetch(WHOSE) == [], ends
            for setting in ("amends.branches", "amends.every_branch"):
                assert not await pool.fetchval("SELECT current_setting($1, true)", setting), (ends, setting)
            assert await whose(View(pool, [SOUTH])) == {(OWN, SOUTH)}


async def test_questions_that_are_answered_at_once_see_each_their_own(filled: Database) -> None:
    pool = await filled.pool(ROLE, max_size=3)
    wanted = [branches for _ in range(10) for branches in ([NORTH], [SOUTH], [ALL], [NORTH, SOUTH])]
    found = await asyncio.gather(*(whose(View(pool, branches)) for branches in wanted))
    assert found == [of(OWN, branches) for branches in wanted]


async def test_an_answer_changes_nothing(pool: asyncpg.Pool) -> None:
    for change in ("DELETE FROM cases", "UPDATE cases SET owner = 'nobody'", "UPDATE sessions SET ended_at = now()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(change)
    async with View(pool, None).reading() as conn:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await conn.execute("CREATE TEMPORARY TABLE kept AS SELECT * FROM cases")
