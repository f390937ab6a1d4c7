"""Proving: how long the database takes for a proof from a tree of ten million events."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator

import asyncpg

from amends_store.merkle import root_of, verify_consistency, verify_inclusion
from amends_store.tiles import TILE_HASHES, consistency_proof, inclusion_proof, root
from tests.bench.measuring import QUICK, Contender, Figures, Outcome, Plan, percentile, take_turns
from tests.bench.servers import Bench
from tests.support.logs import fill_log
from tests.support.postgres import Database

INCLUSION, CONSISTENCY, NOTHING = "inclusion", "consistency", "SELECT 1"

ABOUT = """
One proof after the other, of events and sizes drawn at random, from the tree of a log of {size:,} events, as
`/v1/audit/inclusion` and `/v1/audit/consistency` ask for them on one connection. `database` is the wait for its
answer, the way there and back included, which **{nothing}** is alone; it is to stay under 10 ms. The rest is hashing.
The tree's rows are made of random hashes by `COPY`; of the events only the last are there, which fill no row of it.
"""


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    # Neither fills the last row of any level.
    size = 100_100 if plan is QUICK else 10_000_100
    async with bench.database() as database:
        on_step("growing the tree")
        await _grow(database, size)
        await database.execute("VACUUM ANALYZE merkle_tiles")
        connection = await asyncpg.connect(database.url)
        try:
            await _hold(connection, size)

            def contender(name: str, question: Callable[[_Watched, int], Awaitable[object]]) -> Contender:
                return Contender(name, lambda: _ask(connection, question, size, plan))

            contenders = [
                contender(INCLUSION, lambda conn, position: inclusion_proof(conn, position, size)),
                contender(CONSISTENCY, lambda conn, first: consistency_proof(conn, first, size)),
                contender(NOTHING, lambda conn, _: conn.fetch("SELECT 1")),
            ]
            rounds = await take_turns(contenders, plan.rounds, on_step)
        finally:
            await connection.close()
    return rounds.outcome("Proving", ABOUT.format(size=size, nothing=NOTHING))


class _Watched:
    """A connection that tells how long its answers took."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.milliseconds: list[float] = []

    async def fetch(self, query: str, *arguments: object) -> object:
        begun_at = time.perf_counter()
        rows = await self._connection.fetch(query, *arguments)
        self.milliseconds.append((time.perf_counter() - begun_at) * 1_000)
        return rows


async def _ask(
    connection: asyncpg.Connection, question: Callable[[_Watched, int], Awaitable[object]], size: int, plan: Plan
) -> Figures:
    watched, milliseconds = _Watched(connection), []
    until = time.perf_counter() + plan.seconds
    while (begun_at := time.perf_counter()) < until:
        await question(watched, random.randint(1, size))
        milliseconds.append((time.perf_counter() - begun_at) * 1_000)
    return {
        "p50 ms": percentile(milliseconds, 50),
        "p99 ms": percentile(milliseconds, 99),
        "database p50 ms": percentile(watched.milliseconds, 50),
        "database p99 ms": percentile(watched.milliseconds, 99),
    }


async def _grow(database: Database, size: int) -> None:
    """Every full row of the tree, and the events after the last row of leaves."""
    full, level = size // TILE_HASHES, 0
    connection = await asyncpg.connect(database.url)
    try:
        roots: list[bytes] = []
        hashes: Iterator[bytes] | None = None
        while full:
            roots, below = [], roots
            hashes = _random_hashes(full) if level == 0 else _joined(below, full)
            await connection.copy_records_to_table(
                "merkle_tiles",
                records=_rows(level, hashes, roots),
                columns=("level", "index", "hashes", "root"),
            )
            full, level = full // TILE_HASHES, level + 1
    finally:
        await connection.close()
    await fill_log(database, size // TILE_HASHES * TILE_HASHES, size)


def _rows(level: int, hashes: Iterator[bytes], roots: list[bytes]) -> Iterator[tuple[int, int, bytes, bytes]]:
    for index, row in enumerate(hashes):
        roots.append(root_of([row[at : at + 32] for at in range(0, len(row), 32)]))
        yield level, index, row, roots[-1]


def _random_hashes(rows: int) -> Iterator[bytes]:
    return (os.urandom(TILE_HASHES * 32) for _ in range(rows))


def _joined(roots: list[bytes], rows: int) -> Iterator[bytes]:
    return (b"".join(roots[index * TILE_HASHES : (index + 1) * TILE_HASHES]) for index in range(rows))


async def _hold(connection: asyncpg.Connection, size: int) -> None:
    """What will be measured proves something."""
    head = await root(connection, size)
    for position in (1, size // 3, size):
        row, at = divmod(position - 1, TILE_HASHES)
        leaf = await connection.fetchval(
            "SELECT substring(hashes FROM $2 FOR 32) FROM merkle_tiles WHERE level = 0 AND index = $1", row, at * 32 + 1
        ) or await connection.fetchval("SELECT leaf_hash FROM events WHERE position = $1", position)
        proof = await inclusion_proof(connection, position, size)
        assert verify_inclusion(leaf, position - 1, size, proof, head)
        earlier = await root(connection, position)
        assert verify_consistency(position, earlier, size, head, await consistency_proof(connection, position, size))
