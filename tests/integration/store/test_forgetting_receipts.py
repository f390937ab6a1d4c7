"""Receipts go when their time is over, and no command is lost or fails for it."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from amends_store.append import Appender
from amends_store.read import find_receipt
from amends_store.receipts import forget_receipts
from amends_store.records import Appended, Replayed, VersionConflict
from tests.support.appends import a_command, a_receipt
from tests.support.postgres import Database

DAYS_90 = timedelta(days=90)


async def forgotten(database: Database, *, pages: int = 256) -> list[int]:
    return [each async for each in forget_receipts(await database.pool("amends_workflow"), DAYS_90, pages=pages)]


async def test_a_receipt_goes_when_it_is_older_than_it_is_kept_and_not_before(
    database: Database, pool: asyncpg.Pool, appender: Appender
) -> None:
    old, young = a_command(receipt=a_receipt("old")), a_command(receipt=a_receipt("young"))
    await appender.append(old)
    await database.move_clock(timedelta(days=2))
    await appender.append(young)
    await database.move_clock(timedelta(days=87))
    assert await forgotten(database) == [0]
    await database.move_clock(timedelta(days=2))
    assert await forgotten(database) == [1]
    assert await find_receipt(pool, "default", "agent-7", "old") is None
    assert isinstance(await appender.append(young), Replayed)
    # What was recorded stays: the command is a new one, and refused as such.
    assert await appender.append(old) == VersionConflict(1)


async def test_old_receipts_are_found_on_every_page_of_the_table(database: Database, appender: Appender) -> None:
    answer = b"." * 1500
    for number in range(5):
        await appender.append(a_command(receipt=a_receipt(str(number), answer=answer)))
    assert not any(await forgotten(database, pages=1))
    await database.move_clock(timedelta(days=91))
    await appender.append(a_command(receipt=a_receipt("young", answer=answer)))
    assert [each for each in await forgotten(database, pages=1) if each] == [4, 1]
    assert await database.fetchval("SELECT count(*) FROM hashed_receipts") == 1


async def test_a_repeat_while_its_receipt_is_being_removed_gets_the_first_answer_or_is_a_new_command(
    database: Database, appender: Appender
) -> None:
    first = await appender.append(a_command(receipt=a_receipt("k", answer=b"first")))
    assert isinstance(first, Appended)
    await database.move_clock(timedelta(days=91))
    workflow = await database.pool("amends_workflow")
    async with workflow.acquire() as conn, conn.transaction():
        assert [each async for each in forget_receipts(conn, DAYS_90)] == [1]
        # It waits for nobody, and nothing is recorded twice: the removal may still come to nothing.
        again = await appender.append(a_command(receipt=a_receipt("k")))
        assert isinstance(again, Replayed)
        assert again.answer == b"first"
    assert isinstance(await appender.append(a_command(receipt=a_receipt("k"))), Appended)
    assert isinstance(await appender.append(a_command(receipt=a_receipt("k"))), Replayed)


async def test_nobody_but_the_workflow_removes_receipts_and_it_no_young_ones(
    database: Database, pool: asyncpg.Pool
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        _ = [each async for each in forget_receipts(pool, DAYS_90)]
    workflow = await database.pool("amends_workflow")
    with pytest.raises(asyncpg.InvalidParameterValueError, match="a day at least"):
        _ = [each async for each in forget_receipts(workflow, timedelta(hours=23))]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await workflow.execute("DELETE FROM hashed_receipts")


async def test_the_workflow_gets_nothing_else_done_with_the_rights_of_the_owner(database: Database) -> None:
    """A session's own types are found before all others, unless the function says otherwise."""
    workflow = await database.pool("amends_workflow")
    async with workflow.acquire() as conn, conn.transaction():
        await conn.execute(_OF_THE_SESSION)
        assert await forget_receipts(conn, DAYS_90).__anext__() == 0
        assert await conn.fetchval("SELECT count(*) FROM done") == 0


_OF_THE_SESSION = """
    CREATE TEMPORARY TABLE done (who name);
    GRANT INSERT ON done TO PUBLIC;
    CREATE FUNCTION pg_temp.does(tid) RETURNS boolean LANGUAGE plpgsql AS
        'BEGIN INSERT INTO pg_temp.done VALUES (current_user); RETURN true; END';
    CREATE DOMAIN pg_temp.tid AS pg_catalog.tid CHECK (pg_temp.does(VALUE));
"""
