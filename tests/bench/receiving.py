"""Receiving complaints over HTTP: intake against a service that does nothing but insert them."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from amends_platform.identity.principals import create_key
from amends_platform.supervising.ports import free_port
from amends_platform.supervising.probes import http_ready
from tests.bench import bare_service
from tests.bench.complaints import sample
from tests.bench.http_load import NUMBER, Load, generated
from tests.bench.measuring import Contender, Figures, Outcome, Plan, percentile, take_turns
from tests.bench.servers import Bench, cpu_seconds
from tests.support.postgres import Database

CONNECTIONS = 64
OURS, BARE = "Amends intake", "bare FastAPI"

ABOUT = f"""
{CONNECTIONS} HTTP connections from a load generator in its own process; on each, the next complaint is sent when the
last is answered. Both services have one worker on uvloop and httptools, and get the same requests, byte for byte but
for the path: a complaint of a customer not seen before.

- **{OURS}**: `python -m amends_intake` as it is shipped: API key, idempotency receipt, validation, decision by the
  policy, deadlines, personal data sealed under a new data key, one event in the log, a hint to NATS. No rate limit.
- **{BARE}**: `tests/bench/bare_service.py`: a pydantic model as body and answer, one `INSERT` by asyncpg over
  {bare_service.CONNECTIONS} connections. No key, no idempotency, no sealing, no log.

`service ms` and `PostgreSQL ms` are processor time a request, as the processes counted it.
"""

_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Service:
    """A running service, and how a complaint is sent to it."""

    pid: int
    port: int
    path: str
    api_key: str

    def request(self) -> str:
        """A whole HTTP request; NUMBER makes each complaint, customer and idempotency key another."""
        body = sample()
        text = json.dumps(body | {"customer": body["customer"] | {"ref": f"C-{NUMBER}"}}, ensure_ascii=False)
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {_HOST}:{self.port}\r\nAuthorization: Bearer {self.api_key}\r\n"
            f"Idempotency-Key: bench-{NUMBER}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(text.encode())}\r\n\r\n"
        )
        return head + text


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    async with bench.database() as database:
        api_key = await prepared(database)
        async with intake(bench, database, api_key) as ours, bare(bench, database, api_key) as theirs:
            numbers = itertools.count(0, 1_000_000)

            async def load(service: Service) -> Figures:
                return await _load(bench, service, next(numbers), plan.seconds)

            contenders = [Contender(OURS, lambda: load(ours)), Contender(BARE, lambda: load(theirs))]
            rounds = await take_turns(contenders, plan.rounds, on_step)
    return rounds.outcome("Receiving complaints over HTTP", ABOUT, rounds.ratio(OURS, BARE, "requests/s", aim=1.8))


async def _load(bench: Bench, service: Service, first_number: int, seconds: float) -> Figures:
    assert bench.postgres.pid is not None
    pids = service.pid, bench.postgres.pid
    before = [cpu_seconds(pid) for pid in pids]
    answers = await generated(Load(service.port, service.request(), CONNECTIONS, seconds, first_number))
    service_seconds, database_seconds = (cpu_seconds(pid) - used for pid, used in zip(pids, before, strict=True))
    if answers.refused is not None:
        raise RuntimeError(f"a request was refused: {answers.refused}")
    return {
        "requests/s": answers.count / answers.seconds,
        "p50 ms": percentile(answers.durations_ms, 50),
        "p99 ms": percentile(answers.durations_ms, 99),
        "service ms": service_seconds / answers.count * 1000,
        "PostgreSQL ms": database_seconds / answers.count * 1000,
    }


async def prepared(database: Database) -> str:
    """A key for both services, in a database that both can use."""
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute(bare_service.CREATE)
        return await create_key(connection, role="agent", tenant="default")
    finally:
        await connection.close()


@asynccontextmanager
async def intake(bench: Bench, database: Database, api_key: str) -> AsyncIterator[Service]:
    """Ours, running."""
    port = free_port(_HOST)
    settings = {
        "AMENDS_DATABASE_URL": database.url,
        "AMENDS_NATS_URL": bench.nats_url,
        "AMENDS_MASTER_KEY_FILE": str(bench.master_key_file),
        "AMENDS_DATA_DIR": str(bench.directory),
        "AMENDS_INTAKE_PORT": str(port),
        "AMENDS_RATE_LIMIT": "off",
    }
    async with bench.service("intake", ("amends_intake",), settings, lambda: http_ready(_HOST, port)) as pid:
        yield Service(pid, port, "/v1/complaints", api_key)


@asynccontextmanager
async def bare(bench: Bench, database: Database, api_key: str) -> AsyncIterator[Service]:
    """The other one, running."""
    port = free_port(_HOST)
    command = ("tests.bench.bare_service", str(port), database.url)
    async with bench.service("bare", command, {}, lambda: http_ready(_HOST, port)) as pid:
        yield Service(pid, port, "/complaints", api_key)
