"""A store full of cases whose deadlines wait: one that really was appended and projected, and copies of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import asyncpg

from amends_domain.events import ComplaintReceived
from amends_platform.policy.book import PolicyBook
from amends_platform.policy.files import load_policy
from amends_platform.recorded import new_event
from amends_platform.sealing import CustomerKey
from amends_store.append import Appender
from amends_store.follow import Follower
from amends_store.records import Append, Appended, DataKey
from amends_workflow.projection import CHECKPOINT, Projection
from tests.bench.servers import Bench, connected
from tests.support.keys import a_key
from tests.support.postgres import Database

_POLICY: Final = """\
policy: one-clock
version: 1
effective_from: 2026-01-01
timezone: Asia/Shanghai
clocks:
  apology: {from: complaint-received, stop: [apology-given], due: 24h}
"""
_CUSTOMER: Final = "C-10482"
# The breach of such an old complaint is owed.
_AGE: Final = timedelta(days=2)

# What makes a copy, by table and column, in SQL: `real` is the row that is copied, number counts from 1.
_CASE_ID: Final = "md5(number::text)::uuid"
_EVENT_ID: Final = "md5('event' || number)::uuid"
_POSITION: Final = "real.position + number"
_COPIES: Final = {
    "events": {
        "position": _POSITION,
        "stream_id": _CASE_ID,
        "id": _EVENT_ID,
        "leaf_hash": f"""leaf_hash(
            {_POSITION}, {_CASE_ID}, version, {_EVENT_ID}, type, schema_version, occurred_at, recorded_at, tenant,
            actor, correlation_id, causation_id, policy_hash, data::text, sealed, key_id
        )""",
    },
    "cases": {
        "id": _CASE_ID,
        "reference": "'X' || number",
        "first_position": _POSITION,
        "position": _POSITION,
        "external_ref": "NULL",
    },
    "deadlines": {"case_id": _CASE_ID},
    "timers": {"case_id": _CASE_ID},
}
_COLUMNS: Final = "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped"


async def write_cases(bench: Bench, database: Database, count: int) -> None:
    """So many cases, each of one event and projected, with one deadline that has passed: numbers 1 to `count`. Besides
    the one that they are copies of. No timer is due."""
    await _write_first(bench, database)
    async with connected(database) as connection:
        for table in ("events", "cases", "deadlines"):
            await _copy(connection, table, count)
        await connection.execute("UPDATE checkpoints SET position = $1", count + 1)
        # It is copied, and never fires.
        await connection.execute("UPDATE timers SET fires_at = now() + interval '100 years'")
        await connection.execute("VACUUM ANALYZE events, cases, deadlines")


async def write_due(connection: asyncpg.Connection, count: int, fires_at: str) -> None:
    """A timer each for the first cases, at the versions that they have now. `fires_at` of the case `number` is SQL."""
    version = f"(SELECT max(e.version) FROM events AS e WHERE e.stream_id = {_CASE_ID})"
    await _copy(connection, "timers", count, fires_at=fires_at, case_version=version)


async def write_pending(connection: asyncpg.Connection, count: int, first: int) -> None:
    """Timers that are due some day, of the cases from `first` on, which need not be there."""
    at = "now() + interval '1 day' + number * interval '1 second'"
    await _copy(connection, "timers", count, first=first, fires_at=at)
    await connection.execute("VACUUM ANALYZE timers")
    await connection.execute("CHECKPOINT")


async def _copy(connection: asyncpg.Connection, table: str, count: int, *, first: int = 1, **changed: str) -> None:
    columns = [row["attname"] for row in await connection.fetch(_COLUMNS, table)]
    made = _COPIES[table] | changed
    chosen = ", ".join(made.get(column, f"real.{column}") for column in columns)
    await connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen}"
        f" FROM (SELECT * FROM {table} LIMIT 1) AS real, generate_series({first}, {first + count - 1}) AS number"
    )


async def _write_first(bench: Bench, database: Database) -> None:
    loaded = load_policy(policy_file(bench))
    await PolicyBook(await database.pool("amends_intake")).register(loaded)
    key, pool = a_key(_CUSTOMER), await database.pool("amends_workflow")
    received = ComplaintReceived(channel="phone", branch="north-street", customer_ref=_CUSTOMER, owner="a-agent")
    event = new_event(received, datetime.now(UTC) - _AGE, loaded.policy.hash, key)
    appender = Appender(await database.pool("amends_intake"))
    try:
        data_key = DataKey(key.key_id, _CUSTOMER)
        verdict = await appender.append(
            Append("default", uuid4(), 0, "a-agent", uuid4(), None, (event,), None, data_key)
        )
        assert isinstance(verdict, Appended), verdict
    finally:
        await appender.aclose()
    async with projecting(pool) as follower:
        await follower.reached(verdict.last_position)


def complaint(key: CustomerKey, policy: str) -> Append:
    """A new complaint, as intake gives it to the store. `policy` is the hash of the one that judges it."""
    received = ComplaintReceived(channel="phone", branch="south-street", customer_ref=key.customer_ref, owner="a-agent")
    event = new_event(received, datetime.now(UTC), policy, key)
    return Append("default", uuid4(), 0, "a-agent", uuid4(), None, (event,), None, None)


def policy_file(bench: Bench) -> Path:
    """The policy of these cases."""
    path = bench.directory / "one-clock.yaml"
    path.write_text(_POLICY)
    return path


@asynccontextmanager
async def projecting(pool: asyncpg.Pool) -> AsyncIterator[Follower]:
    """The projection at work in this process, as the workflow service runs it."""
    follower = Follower.projecting(pool, CHECKPOINT, Projection(PolicyBook(pool)))
    running = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        running.cancel()
        await asyncio.wait([running])
