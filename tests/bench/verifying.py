"""Verifying the log: every event read, hashed, and held against the tree and a signed checkpoint."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable

import asyncpg

from amends_platform.evidence.notes import Signer
from amends_platform.evidence.tree_head import TreeHead
from amends_platform.policy.book import keep
from amends_platform.policy.files import load_policy
from amends_platform.verifying.log import Request, verify_log
from amends_store.tiles import root, seal
from tests.bench.measuring import Contender, Figures, Outcome, Plan, take_turns
from tests.bench.replaying import PAGE_EVENTS, write_lives
from tests.bench.servers import Bench, cpu_seconds
from tests.support.postgres import Database

# So often does the log repeat what was really appended: processes that start must not be what is measured.
_TIMES = 10
ONE, PLAIN = "Amends, one job", "fetch"

ABOUT = """
- **{one}**: as `amends verify --jobs 1` does it: positions, versions and times, the hash of every event anew, the rows
  of the tree, the root of a signed checkpoint, and the policies and customers' keys that the events name.
- **{several}**: a job a processor, as it does by itself.
- **{plain}**: the same rows by `SELECT *` and asyncpg's `fetch`, to be thrown away.

Processor time is that of all processes, PostgreSQL's among them. The log has {head:,} events: whole lives of cases,
each {times} times under ids of its own.
"""

_REPEAT = """
    INSERT INTO events
    SELECT again.position, again.stream_id, version, again.id, type, schema_version, occurred_at, at, tenant, actor,
           correlation_id, causation_id, policy_hash, data, sealed, key_id,
           leaf_hash(again.position, again.stream_id, version, again.id, type, schema_version, occurred_at, at,
                     tenant, actor, correlation_id, causation_id, policy_hash, data::text, sealed, key_id)
    FROM events
    CROSS JOIN (SELECT max(position) AS size, max(recorded_at) AS at FROM events) AS log
    CROSS JOIN generate_series(1, $1 - 1) AS number
    CROSS JOIN LATERAL (
        SELECT events.position + number * size AS position,
               md5(stream_id::text || number)::uuid AS stream_id, md5(events.id::text || number)::uuid AS id
    ) AS again
    ORDER BY again.position
"""
_PAGE = "SELECT * FROM events WHERE position > $1 ORDER BY position LIMIT $2"


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    signer = Signer("amends/bench", bytes(32))
    async with bench.database() as database:
        on_step("writing the log")
        loaded, pool = load_policy("bank-cn"), await database.pool()
        await keep(pool, loaded)
        await write_lives(pool, loaded.policy, plan.replay_cases)
        connection = await asyncpg.connect(database.url)
        try:
            head = await _finish_log(database, connection, signer)
            jobs = os.cpu_count() or 1
            several = f"Amends, {jobs} jobs"

            def verifying(jobs: int) -> Callable[[], Awaitable[Figures]]:
                request = Request(database.url, [signer.verifier], jobs=jobs)
                return lambda: _timed(bench, head, lambda: _verify(request, head))

            contenders = [
                Contender(ONE, verifying(1)),
                Contender(several, verifying(jobs)),
                Contender(PLAIN, lambda: _timed(bench, head, lambda: _fetch(connection, head))),
            ]
            rounds = await take_turns(contenders, plan.rounds, on_step)
        finally:
            await connection.close()
    about = ABOUT.format(one=ONE, several=several, plain=PLAIN, head=head, times=_TIMES)
    return rounds.outcome("Verifying the log", about, rounds.ratio(ONE, PLAIN, "events/s", aim=1))


async def _finish_log(database: Database, connection: asyncpg.Connection, signer: Signer) -> int:
    """Make the log long, its tree, and a checkpoint of the whole. Returns its size."""
    await connection.execute(_REPEAT.replace("$1", str(_TIMES)))
    await database.execute("VACUUM ANALYZE events")
    head: int = await connection.fetchval("SELECT max(position) FROM events")
    async with connection.transaction():
        await seal(connection, 0, head)
    tree_head = TreeHead(signer.name, head, await root(connection, head))
    await connection.execute(
        "INSERT INTO signed_checkpoints (tree_size, root_hash, note) VALUES ($1, $2, $3)",
        head,
        tree_head.root_hash,
        signer.sign(tree_head.text()),
    )
    return head


async def _timed(bench: Bench, events: int, work: Callable[[], Awaitable[None]]) -> Figures:
    assert bench.postgres.pid is not None
    processes = os.getpid(), bench.postgres.pid
    used, begun_at = sum(map(cpu_seconds, processes)), time.perf_counter()
    await work()
    seconds = time.perf_counter() - begun_at
    used = sum(map(cpu_seconds, processes)) - used
    return {"events/s": events / seconds, "events/s of processor time": events / used}


async def _verify(request: Request, head: int) -> None:
    verified = await verify_log(request, lambda _done, _total: None)
    assert not verified.faults
    assert (verified.head, verified.vouched) == (head, head)


async def _fetch(connection: asyncpg.Connection, head: int) -> None:
    position = 0
    while rows := await connection.fetch(_PAGE, position, PAGE_EVENTS):
        position = rows[-1]["position"]
    assert position == head
