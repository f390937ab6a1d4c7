"""Logs that are whole: events with their right hashes, the tree over them, and signed checkpoints. By the superuser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg

from amends_platform.evidence.checkpoint_files import file_name
from amends_platform.evidence.notes import Signer
from amends_platform.evidence.tree_head import TreeHead
from amends_platform.policy.book import keep
from amends_platform.policy.files import load_policy
from amends_platform.verifying.claims import claims_from
from amends_platform.verifying.log import Request, Verified, verify_log
from amends_store.tiles import root, seal
from tests.support.postgres import Database, PostgresServer, new_database

SEED = b"the key of our tests".ljust(32)
SIGNER = Signer("amends/default", SEED)
STRANGER = Signer("amends/default", b"a key of somebody else".ljust(32))
CASES = 130
POLICY = load_policy("telecom-cn")

_FIELDS = """position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
    correlation_id, causation_id, policy_hash, data, sealed, key_id"""
HASHED = f"leaf_hash({_FIELDS.replace('data', 'data::text')})"
"""The right hash of a row of events, in SQL."""

# Every case goes on in turn, and is a customer's of its own. `at` is the index of the leaf.
_EVENTS = f"""
    INSERT INTO events ({_FIELDS}, leaf_hash)
    SELECT {_FIELDS}, {HASHED}
    FROM generate_series($1::bigint, $2::bigint - 1) AS at
    CROSS JOIN LATERAL (
        SELECT at + 1 AS position, md5('case ' || at % {CASES})::uuid AS stream_id,
               (at / {CASES} + 1)::integer AS version, md5('event ' || at)::uuid AS id,
               CASE WHEN at < {CASES} THEN 'complaint-received'
                    ELSE (ARRAY['contact-recorded', 'apology-given', 'case-assigned'])[at % 3 + 1] END AS type,
               1 AS schema_version,
               timestamptz '2026-03-01 08:00+08' + at * interval '1 second' AS occurred_at,
               timestamptz '2026-03-01 08:00+08' + at * interval '1 second' AS recorded_at,
               'default' AS tenant, 'agent-' || at % 7 AS actor, md5('command ' || at)::uuid AS correlation_id,
               CASE WHEN at % 5 = 0 THEN md5('cause ' || at)::uuid END AS causation_id,
               CASE WHEN at % 4 > 0 THEN '\\x{POLICY.policy.hash}'::bytea END AS policy_hash,
               json_build_object('number', at, 'words', repeat('x', (at % 50)::integer),
                                 'customer_ref', 'C-' || at % {CASES}) AS data,
               CASE WHEN at % 2 = 0 THEN sha256(int8send(at)) END AS sealed,
               CASE WHEN at % 2 = 0 THEN md5('key ' || at % {CASES})::uuid END AS key_id
    ) AS made
"""

_KEYS = f"""
    INSERT INTO data_keys (key_id, tenant, customer_ref, created_at)
    SELECT md5('key ' || number)::uuid, 'default', 'C-' || number, log_now()
    FROM generate_series(0, {CASES - 1}) AS number
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class WholeLog:
    """A log of `head` events, and its checkpoints as they were exported. Whoever verifies it reads so many at once."""

    database: Database
    head: int
    checkpoints: Sequence[int]
    exported: Path
    range_events: int

    def request(self, *, exported: bool = False) -> Request:
        """To verify it, against the exported checkpoints too."""
        given = tuple(claims_from(self.exported, [SIGNER.verifier])) if exported else ()
        return Request(self.database.url, [SIGNER.verifier], given, range_events=self.range_events)


@asynccontextmanager
async def whole_log(
    server: PostgresServer, directory: Path, head: int, checkpoints: Sequence[int], range_events: int
) -> AsyncIterator[WholeLog]:
    """To be read only, and to be copied."""
    async with new_database(server) as made:
        async with superuser(made) as conn:
            await write_log(conn, 0, head)
            await seal_log(conn, checkpoints, SIGNER, directory)
            await conn.execute("ANALYZE events")
        yield WholeLog(made, head, checkpoints, directory, range_events)


@asynccontextmanager
async def copy_of(whole: WholeLog) -> AsyncIterator[WholeLog]:
    """To be changed."""
    async with new_database(whole.database.server, whole.database.name) as copy:
        yield replace(whole, database=copy)


async def verified(asked: Request) -> Verified:
    """What is found, whatever the time."""
    found = await verify_log(asked, lambda _done, _total: None)
    return replace(found, seconds=0.0)


@asynccontextmanager
async def superuser(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """Somebody whom no trigger and no constraint holds back."""
    conn = await asyncpg.connect(database.url)
    try:
        for table in ("events", "merkle_tiles", "signed_checkpoints", "policies", "data_keys"):
            await conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        yield conn
    finally:
        await conn.close()


async def write_log(conn: asyncpg.Connection, after: int, last: int) -> None:
    """The events at the positions after `after` up to `last`; the same whenever they are written."""
    await keep(conn, POLICY)
    await conn.execute(_KEYS)
    # COPY and plans apart, the statement takes no parameters: they would hide which rows there are from the planner.
    await conn.execute(_EVENTS.replace("$1", str(after)).replace("$2", str(last)))


async def seal_log(conn: asyncpg.Connection, sizes: Sequence[int], signer: Signer, directory: Path) -> None:
    """The rows of the tree, and a checkpoint of each size; as files in the directory, too."""
    sealed = await conn.fetchval("SELECT coalesce(max(index) + 1, 0) * 256 FROM merkle_tiles WHERE level = 0")
    async with conn.transaction():
        await seal(conn, sealed, await conn.fetchval("SELECT max(position) FROM events"))
    for size in sizes:
        head = TreeHead(signer.name, size, await root(conn, size))
        note = signer.sign(head.text())
        await conn.execute(
            "INSERT INTO signed_checkpoints (tree_size, root_hash, note) VALUES ($1, $2, $3)",
            size,
            head.root_hash,
            note,
        )
        (directory / file_name(size)).write_text(note, encoding="utf-8")


async def rewrite(conn: asyncpg.Connection, statement: str) -> None:
    """Change events, and whatever is computed of them: their hashes and the tree. Checkpoints are left."""
    await conn.execute(statement)
    await conn.execute(f"UPDATE events SET leaf_hash = {HASHED}")
    await conn.execute("DELETE FROM merkle_tiles")
    async with conn.transaction():
        await seal(conn, 0, await conn.fetchval("SELECT max(position) FROM events"))
