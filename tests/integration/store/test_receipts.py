"""Receipts remember an idempotency key by its hash alone, whichever release asks."""

from __future__ import annotations

import hashlib
from typing import Any

import asyncpg
import pytest

from amends_store.append import Appender
from amends_store.errors import OutcomeUnknown
from amends_store.read import find_receipt
from amends_store.records import Appended, KeyReused, Replayed
from amends_store.statements import SQL_DIRECTORY
from tests.support.appends import a_command, a_receipt
from tests.support.postgres import Database

KEY = "call-Thistledown-5550777"
HASH = hashlib.sha256(KEY.encode())
# As the release before asks.
ASKED_BEFORE = "SELECT version FROM receipts WHERE tenant = $1 AND principal = $2 AND key = $3"
HASHED = ("functions/key_hash.sql", "schema/receipts_hashed.sql", "functions/append_batch.sql")
AS_BEFORE = """
    DROP TYPE hashed_key CASCADE;
    ALTER TABLE hashed_receipts RENAME COLUMN key_hash TO key;
    ALTER TABLE hashed_receipts ALTER COLUMN key TYPE text USING 'call-Thistledown-5550777';
    ALTER TABLE hashed_receipts RENAME TO receipts;
"""


async def test_the_database_has_the_hash_of_a_key_and_not_the_key(database: Database, appender: Appender) -> None:
    assert isinstance(await appender.append(a_command(receipt=a_receipt(KEY))), Appended)
    assert await database.fetchval("SELECT key_hash FROM hashed_receipts") == HASH.digest()
    rows = "SELECT string_agg(receipts::text, ' ') FROM hashed_receipts AS receipts"
    assert "Thistledown" not in await database.fetchval(rows)


async def test_a_key_is_found_by_its_hash_and_no_hash_is_taken_for_its_key(
    pool: asyncpg.Pool, appender: Appender
) -> None:
    await appender.append(a_command(receipt=a_receipt(KEY)))
    assert await find_receipt(pool, "default", "agent-7", KEY) is not None
    assert await find_receipt(pool, "default", "agent-7", HASH.hexdigest()) is None
    assert isinstance(await appender.append(a_command(receipt=a_receipt(HASH.hexdigest()))), Appended)


async def test_the_server_that_has_a_receipt_is_the_one_that_says_whether_a_failover_finds_it(
    database: Database, appender: Appender
) -> None:
    """Where it is lost after that, the outcome is unknown: another connection may be to the one promoted since."""
    await appender.append(a_command(receipt=a_receipt(KEY)))

    class LostAfterwards(asyncpg.Connection):  # type: ignore[misc]
        async def fetchrow(self, *asked: Any, **options: Any) -> asyncpg.Record | None:
            try:
                return await super().fetchrow(*asked, **options)
            finally:
                self.terminate()

    async with asyncpg.create_pool(database.url, min_size=0, max_size=2, connection_class=LostAfterwards) as pool:
        with pytest.raises(OutcomeUnknown):
            await find_receipt(pool, "default", "agent-7", KEY)


async def test_the_release_before_finds_the_receipts_of_this_one(pool: asyncpg.Pool, appender: Appender) -> None:
    await appender.append(a_command(receipt=a_receipt(KEY)))
    assert await pool.fetchval(ASKED_BEFORE, "default", "agent-7", KEY) == 1
    assert await pool.fetchval(ASKED_BEFORE, "default", "agent-7", "another") is None
    assert await pool.fetchval(ASKED_BEFORE, "default", "agent-7", HASH.hexdigest()) is None


async def test_an_upgrade_hashes_the_keys_that_are_there_while_the_release_before_runs_on(
    database: Database, pool: asyncpg.Pool, appender: Appender
) -> None:
    await appender.append(a_command(receipt=a_receipt(KEY, answer=b"first")))
    await database.execute(AS_BEFORE)
    async with pool.acquire() as conn:
        prepared = await conn.prepare(ASKED_BEFORE)
        assert await prepared.fetchval("default", "agent-7", KEY) == 1
        for name in HASHED:
            await database.execute((SQL_DIRECTORY / name).read_text())
        assert await prepared.fetchval("default", "agent-7", KEY) == 1
        assert await prepared.fetchval("default", "agent-7", HASH.hexdigest()) is None
    assert await database.fetchval("SELECT array_agg(key_hash) FROM hashed_receipts") == [HASH.digest()]
    again = await appender.append(a_command(receipt=a_receipt(KEY)))
    assert isinstance(again, Replayed)
    assert again.answer == b"first"
    assert await appender.append(a_command(receipt=a_receipt(KEY, body=b"other"))) == KeyReused()


async def test_a_receipt_is_looked_up_by_its_index_whichever_release_asks(database: Database) -> None:
    this = (SQL_DIRECTORY / "statements" / "find_receipt.sql").read_text()
    for asked in (this, ASKED_BEFORE):
        question = asked.replace("$1", "'default'").replace("$2", "'agent-7'").replace("$3", "'k'")
        conn = await asyncpg.connect(database.url)
        try:
            await conn.execute("SET enable_seqscan = off")
            plan = "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN {question}"))
        finally:
            await conn.close()
        assert "Filter" not in plan
        assert "key_hash = " in plan.partition("Index Cond")[2]
