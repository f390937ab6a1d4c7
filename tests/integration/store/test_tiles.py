"""The tree in the database: roots and proofs of every size, however the rows came to be added."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import asyncpg
import pytest

from amends_store.errors import LogHole, NotSealed
from amends_store.merkle import root_of, verify_consistency, verify_inclusion
from amends_store.tiles import consistency_proof, inclusion_proof, root, seal
from tests.support.logs import fill_log
from tests.support.postgres import Database

LOG_EVENTS = 70_000
# Around the edges of rows of the first and the second level, and anywhere.
EDGES = (0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_792, LOG_EVENTS - 1, LOG_EVENTS)


async def sealed_log(database: Database, growth: list[int]) -> asyncpg.Pool:
    """A log of the last size, sealed whenever it had one of these sizes."""
    pool = await database.pool("amends_workflow")
    sealed = 0
    for before, size in pairwise([0, *growth]):
        await fill_log(database, before, size)
        async with pool.acquire() as conn, conn.transaction():
            sealed = await seal(conn, sealed, size)
        assert sealed == size - size % 256
    return pool


async def leaves(database: Database) -> list[bytes]:
    conn = await asyncpg.connect(database.url)
    try:
        return [row[0] for row in await conn.fetch("SELECT leaf_hash FROM events ORDER BY position")]
    finally:
        await conn.close()


@pytest.mark.parametrize(
    "growth",
    [[255], [256], [257], [1, 2, 255, 256, 257, 512, 700]],
    ids=["one row but for one", "one row", "one row and one", "bit by bit"],
)
async def test_the_root_is_that_of_the_leaves_however_the_log_grew(database: Database, growth: list[int]) -> None:
    pool = await sealed_log(database, growth)
    hashes = await leaves(database)
    for size in range(1, growth[-1] + 1, 5):
        assert await root(pool, size) == root_of(hashes[:size])
    assert await root(pool, growth[-1]) == root_of(hashes)


async def test_every_proof_of_a_long_log_holds(database: Database) -> None:
    random = Random(9162)
    pool = await sealed_log(database, [65_535, 65_536, LOG_EVENTS])
    hashes = await leaves(database)
    sizes = sorted({*EDGES, *(random.randrange(LOG_EVENTS) for _ in range(3))} - {0})
    roots = {size: root_of(hashes[:size]) for size in sizes}
    for size in sizes:
        assert await root(pool, size) == roots[size]
        for position in [at for at in (1, size // 2 or 1, *sizes, size) if at <= size]:
            proof = await inclusion_proof(pool, position, size)
            assert verify_inclusion(hashes[position - 1], position - 1, size, proof, roots[size])
        for first in [at for at in sizes if at <= size]:
            proof = await consistency_proof(pool, first, size)
            assert verify_consistency(first, roots[first], size, roots[size], proof)


async def test_what_was_not_sealed_is_not_made_up(database: Database) -> None:
    await fill_log(database, 0, 1_024)
    pool = await database.pool("amends_workflow")
    with pytest.raises(NotSealed):
        await root(pool, 1_024)
    with pytest.raises(NotSealed):
        await root(pool, 1_025)


async def test_a_hole_is_not_sealed(database: Database) -> None:
    await fill_log(database, 0, 100)
    await fill_log(database, 101, 300)
    pool = await database.pool("amends_workflow")
    async with pool.acquire() as conn:
        with pytest.raises(LogHole):
            await seal(conn, 0, 300)
    assert await database.fetchval("SELECT count(*) FROM merkle_tiles") == 0


@pytest.mark.parametrize(("table", "column"), [("merkle_tiles", "root"), ("signed_checkpoints", "note")])
async def test_what_was_sealed_or_signed_cannot_be_changed_even_by_the_owner(
    database: Database, table: str, column: str
) -> None:
    await sealed_log(database, [256])
    await database.execute("INSERT INTO signed_checkpoints (tree_size, root_hash, note) VALUES (1, sha256(''), '')")
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}", f"TRUNCATE {table}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await database.execute(statement)
