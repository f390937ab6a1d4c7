"""A long log in little time: whole lives of cases that were really appended, over and over under ids of their own.

It is as the product would have left it: positions and versions without gaps, times that do not go back, the right hash
of every event, a customer with a data key for each case, receipts of the last 90 days, and ids ordered by time.
The read model, the tree and the timers are not filled: who needs them has them made from the log.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import asyncpg

from amends_platform.policy.book import keep
from amends_platform.policy.files import load_policy
from amends_store.read import head_position
from tests.bench.complaints import KEPT_ANSWER
from tests.bench.replaying import write_lives
from tests.support.postgres import Database

_LIVES: Final = 200
_STEP_EVENTS: Final = 200_000
_TABLES: Final = ("events", "hashed_receipts", "data_keys")
# From one event to the next: ten million in three years.
_PAUSE: Final = timedelta(seconds=10)

# An id of version 7 at a time, the same for the same name.
_ID: Final = """
CREATE FUNCTION pg_temp.id_at(at timestamptz, name text) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || '7' || substr(md5(name), 1, 3) || '8' || substr(md5(name), 4, 15))::uuid
"""
_LIVED: Final = """
CREATE TEMPORARY TABLE lived AS
SELECT
    events.*, min(position) OVER (PARTITION BY stream_id) AS begun_at_position, count(*) OVER () AS size,
    data::text AS words
FROM events ORDER BY position
"""
_EVENTS: Final = """
    INSERT INTO events
    SELECT at.position, ids.stream_id, version, ids.id, type, schema_version, at.at, at.at, tenant, actor,
           ids.stream_id, causation_id, policy_hash, data, sealed, ids.key_id,
           leaf_hash(at.position, ids.stream_id, version, ids.id, type, schema_version, at.at, at.at,
                     tenant, actor, ids.stream_id, causation_id, policy_hash, words, sealed, ids.key_id)
    FROM lived
    CROSS JOIN generate_series($1::bigint, $2::bigint) AS number
    CROSS JOIN LATERAL (
        SELECT number * size + lived.position AS position, number * size + begun_at_position AS first,
               $3::timestamptz + (number * size + lived.position) * $4::interval AS at
    ) AS at
    CROSS JOIN LATERAL (SELECT $3::timestamptz + at.first * $4::interval AS at) AS begun
    CROSS JOIN LATERAL (
        SELECT pg_temp.id_at(at.at, 'event ' || at.position) AS id,
               pg_temp.id_at(begun.at, 'case ' || at.first) AS stream_id,
               CASE WHEN key_id IS NOT NULL THEN pg_temp.id_at(begun.at, 'key ' || at.first) END AS key_id
    ) AS ids
    ORDER BY at.position
"""
_RECEIPTS: Final = """
    INSERT INTO hashed_receipts (
        tenant, principal, key_hash, request_hash, stream_id, first_position, last_position, version, answer,
        recorded_at
    )
    SELECT
        tenant, actor, key_hash(id::text), sha256(uuid_send(id)), stream_id, position, position, version, $3,
        recorded_at
    FROM events
    WHERE position BETWEEN $1 AND $2 AND recorded_at > log_now() - interval '90 days' AND actor NOT LIKE 'system:%'
    ORDER BY position
"""
_KEYS: Final = """
    INSERT INTO data_keys (key_id, tenant, customer_ref, created_at)
    SELECT key_id, tenant, 'C-' || position, recorded_at
    FROM events WHERE position BETWEEN $1 AND $2 AND version = 1 ORDER BY position
"""
# Building an index of a full table costs less than adding to it row by row.
_INDEXES: Final = """
SELECT
    coalesce(
        of_table || 'DROP CONSTRAINT ' || quote_ident(c.conname), 'DROP INDEX ' || i.indexrelid::regclass
    ) AS dropped,
    coalesce(
        of_table || 'ADD CONSTRAINT ' || quote_ident(c.conname) || ' ' || pg_get_constraintdef(c.oid),
        pg_get_indexdef(i.indexrelid)
    ) AS made
FROM pg_index AS i
CROSS JOIN LATERAL (SELECT 'ALTER TABLE ' || i.indrelid::regclass || ' ') AS altered (of_table)
LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
WHERE i.indrelid::regclass::text = ANY ($1)
"""


async def fill(database: Database, events: int) -> int:
    """Make an empty log at least `events` long, the last of them recorded just now. Returns how long it is."""
    loaded, pool = load_policy("bank-cn"), await database.pool()
    await keep(pool, loaded)
    conn = await asyncpg.connect(database.url)
    try:
        # What is appended is in the past, and all its copies after it.
        await database.move_clock(-_PAUSE * events)
        await write_lives(pool, loaded.policy, _LIVES)
        await database.move_clock(_PAUSE * events)
        await conn.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET work_mem = '256MB'")
        await conn.execute(_ID)
        await conn.execute(_LIVED)
        size: int = await conn.fetchval("SELECT count(*) FROM lived")
        indexes = await conn.fetch(_INDEXES, list(_TABLES))
        for index in indexes:
            await conn.execute(index["dropped"])
        await _repeat(conn, size, -(-events // size))
        for index in indexes:
            await conn.execute(index["made"])
        await conn.execute(f"VACUUM (FREEZE, ANALYZE) {', '.join(_TABLES)}")
        await conn.execute("CHECKPOINT")
        return await head_position(conn)
    finally:
        await conn.close()


async def write_receipts(conn: asyncpg.Connection, first: int, last: int) -> None:
    """One for each event of these positions that a person's command made, of the last 90 days."""
    await conn.execute(_RECEIPTS, first, last, KEPT_ANSWER)


async def _repeat(conn: asyncpg.Connection, size: int, times: int) -> None:
    """The copies with the numbers from 1 to below `times`."""
    began = await conn.fetchval("SELECT min(recorded_at) FROM lived")
    step = max(1, _STEP_EVENTS // size)
    for first in range(1, times, step):
        last = min(first + step, times) - 1
        positions = first * size + 1, (last + 1) * size
        await conn.execute(_EVENTS, first, last, began, _PAUSE)
        await write_receipts(conn, *positions)
        await conn.execute(_KEYS, *positions)
