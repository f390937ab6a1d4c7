"""Pages of the console: what one costs the servers, with a hundred thousand cases in the store."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx

from amends_domain.reference import reference_of
from amends_platform.demo.month.beginning import begin
from amends_platform.demo.month.plan import SEED
from amends_platform.evidence.signing_key import ensure_signing_key
from amends_platform.identity.principals import create_key
from amends_platform.settings import Settings
from amends_platform.simulation.bank import policy_text
from amends_store.read import head_position
from tests.bench.measuring import QUICK, Contender, Figures, Outcome, Plan, percentile, take_turns
from tests.bench.servers import Bench, cpu_seconds
from tests.support.keys import key_store_in
from tests.support.postgres import Database

BRANCHES = 50

ABOUT = """
Pages are asked for one after the other, as a browser does that has its styles and scripts already, from
`python -m amends_workflow` as it is shipped. `server ms` is the processor time of the service for one page, which is to
stay under 100 ms, `PostgreSQL ms` that of the database. The store has the month that `amends demo` invents, and beside
it in the read model, to make it {cases:,} cases of {branches} more branches, copies of one of its cases under other
names, branches and times, a third of them closed, with their deadlines and an old alert each that somebody has seen.
The report is the second look at a month: it is made once, from the log, and kept.
"""

_PAGES = {
    "queue": "/",
    "queue of a branch": "/?branch=branch-7",
    "search": "/?q=X-104",
    "case": "/cases/{reference}",
    "board": "/board",
    "alerts": "/alerts",
    "audit": "/audit",
    "report": "/reports/{month}",
}
_TOKEN = re.compile(r'name="csrf" value="([^"]*)"')

# Every column is the real case's but for those that make a copy another case.
_COPY = """
CREATE TEMPORARY TABLE copies AS
SELECT
    number, gen_random_uuid() AS id, 'branch-' || (number % {branches}) AS branch,
    now() + (number % 20000 - 4000) * interval '90 seconds' AS due_at,
    (ARRAY['received', 'apologized', 'investigated', 'proposed', 'followed-up', 'withdrawn'])[1 + number % 6] AS state
FROM generate_series(1, {copies}) AS number;
"""
_COPY_CASES = """
INSERT INTO cases
SELECT (jsonb_populate_record(real, jsonb_build_object(
    'id', c.id, 'branch', c.branch, 'state', c.state, 'reference', 'X' || c.number, 'owner', 'h-' || c.number % 200,
    'customer_ref', 'X-' || c.number, 'external_ref', NULL, 'first_position', real.position + c.number,
    'next_due_at', CASE WHEN c.state IN ('followed-up', 'withdrawn') THEN NULL ELSE c.due_at END,
    'breached', c.number % 9 = 0, 'received_at', c.due_at - interval '7 days', 'mass_keys', NULL, 'repeat_key', NULL
))).*
FROM copies AS c, cases AS real
WHERE real.id = $1
"""
_COPY_DEADLINES = """
INSERT INTO deadlines
SELECT (jsonb_populate_record(real, jsonb_build_object(
    'case_id', c.id, 'branch', c.branch, 'due_at', c.due_at,
    'status', CASE WHEN c.state IN ('followed-up', 'withdrawn') THEN 'met' ELSE 'pending' END
))).*
FROM copies AS c, deadlines AS real
WHERE real.case_id = $1
"""
_ALERTS = """
INSERT INTO alerts (
    position, case_id, tenant, reference, branch, kind, clock, due_at, owner, recorded_at, acknowledged_by,
    acknowledged_at, acknowledged_position
)
SELECT
    1000000000 + c.number, c.id, real.tenant, 'X' || c.number, c.branch,
    (ARRAY['reminder', 'breach'])[1 + c.number % 2], 'callback', c.due_at, 'h-' || c.number % 200,
    c.due_at - interval '1 year', 'h-1', c.due_at - interval '1 year', 1000000000 + c.number
FROM copies AS c, cases AS real
WHERE real.id = $1
"""


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    cases = 5_000 if plan is QUICK else 100_000
    async with bench.database() as database:
        on_step("filling the store")
        case, api_key = await a_month(bench, database, cases=400)
        async with a_console(bench, database, api_key, case["head"]) as (pid, client):
            await _copy(database, case, cases)

            def contender(name: str, path: str) -> Contender:
                return Contender(name, lambda: _look(bench, pid, client, path.format(**case), plan.seconds / 4))

            contenders = [contender(name, path) for name, path in _PAGES.items()]
            rounds = await take_turns(contenders, plan.rounds, on_step)
    return rounds.outcome("Pages of the console", ABOUT.format(cases=cases, branches=BRANCHES))


async def _look(bench: Bench, pid: int, client: httpx.AsyncClient, path: str, seconds: float) -> Figures:
    assert bench.postgres.pid is not None
    pids = pid, bench.postgres.pid
    before = [cpu_seconds(each) for each in pids]
    milliseconds: list[float] = []
    until = time.perf_counter() + seconds
    while (begun_at := time.perf_counter()) < until or len(milliseconds) < 2:
        response = await client.get(path)
        if response.status_code != 200:
            raise RuntimeError(f"{path} was answered {response.status_code}: {response.text[:500]}")
        milliseconds.append((time.perf_counter() - begun_at) * 1_000)
    server, database = (cpu_seconds(each) - used for each, used in zip(pids, before, strict=True))
    return {
        "server ms": server / len(milliseconds) * 1_000,
        "PostgreSQL ms": database / len(milliseconds) * 1_000,
        "p50 ms": percentile(milliseconds, 50),
        "p99 ms": percentile(milliseconds, 99),
    }


async def a_month(bench: Bench, database: Database, *, cases: int) -> tuple[dict[str, Any], str]:
    """The demo's month until now. An open case of it, with the name of the month that is over; a key to look with."""
    policy_file = bench.directory / "bank-cn.yaml"
    policy_file.write_text(policy_text(), encoding="utf-8")
    settings = _settings(bench, database)
    ensure_signing_key(settings.signing_key_path, settings.origin)
    await key_store_in(bench.directory).aclose()
    now = datetime.now(UTC)
    connection = await asyncpg.connect(database.url)
    try:
        await begin(connection, settings, now, seed=SEED, cases=cases, on_progress=lambda _done, _total: None)
        last = await connection.fetchrow(
            "SELECT stream_id, position FROM events WHERE type = 'apology-given' ORDER BY position DESC LIMIT 1"
        )
        assert last is not None
        first = await connection.fetchval(
            "SELECT position FROM events WHERE stream_id = $1 AND version = 1", last["stream_id"]
        )
        head = await head_position(connection)
        month = (now.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
        case = {"id": last["stream_id"], "reference": reference_of(first), "head": head, "month": month}
        return case, await create_key(connection, role="supervisor", tenant="default")
    finally:
        await connection.close()


async def _copy(database: Database, case: dict[str, Any], cases: int) -> None:
    """Fill the read model with copies of the case."""
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute(_COPY.format(branches=BRANCHES, copies=cases))
        for copied in (_COPY_CASES, _COPY_DEADLINES, _ALERTS):
            await connection.execute(copied, case["id"])
        await connection.execute("VACUUM ANALYZE cases, deadlines, alerts")
    finally:
        await connection.close()


def _settings(bench: Bench, database: Database) -> Settings:
    return Settings.load(
        database_url=database.url,
        data_dir=bench.directory,
        policy=str(bench.directory / "bank-cn.yaml"),
        key_store=bench.directory / "customers.db",
        master_key_file=bench.directory / "master.key",
    )


@asynccontextmanager
async def a_console(
    bench: Bench, database: Database, api_key: str, head: int
) -> AsyncIterator[tuple[int, httpx.AsyncClient]]:
    """The service's pid, and somebody who has signed in to it."""
    async with (
        bench.workflow(database) as (pid, home),
        httpx.AsyncClient(base_url=home, headers={"Accept": "text/html"}, trust_env=False, timeout=30.0) as client,
    ):
        page = await client.get("/sign-in")
        found = _TOKEN.search(page.text)
        assert found is not None
        answer = await client.post("/sign-in", data={"csrf": found[1], "next": "/", "key": api_key})
        assert answer.status_code == 303, answer.text
        # Once the read model has come to the end of the log, for which a question waits no longer than a moment.
        asked = {"min_position": head}, {"Authorization": f"Bearer {api_key}"}
        while (seen := await client.get("/v1/board", params=asked[0], headers=asked[1])).status_code == 503:
            pass
        assert seen.status_code == 200, seen.text
        yield pid, client
