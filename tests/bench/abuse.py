"""What others notice of an attack: the time in which their complaints are recorded, against that in quiet."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace

import asyncpg
import psutil

from amends_platform.identity.principals import create_key
from amends_platform.supervising.ports import free_port
from amends_platform.supervising.probes import http_ready
from tests.bench import attacks
from tests.bench.attacks import KINDS, Attack, attacking
from tests.bench.http_load import Load, generated
from tests.bench.measuring import Contender, Figures, Outcome, Plan, percentile, take_turns
from tests.bench.receiving import Service
from tests.bench.servers import Bench

QUIET = "quiet"
CONNECTIONS, PAUSE_SECONDS = 8, 0.05
RATE_LIMIT = "200/s"
# So many times as long as in quiet, at most.
P50_TIMES_MAX, P99_TIMES_MAX = 2.0, 3.0
# Seven contenders take their time, and each attack one to begin.
SECONDS_MAX = 2.0

ABOUT = f"""
{CONNECTIONS} clients record a complaint every {PAUSE_SECONDS * 1000:g} ms each, from an address and with a key of
their own: in quiet, and while another process attacks intake from two other addresses. The service is
`python -m amends_intake` as it is shipped, but for a rate limit of {RATE_LIMIT} for each key: all limits are those of
the settings' defaults.

- **slow loris**: {attacks.LORIS_CONNECTIONS} connections that send a head byte by byte and never end it; who is cut off
  comes back.
- **1 GB announced, chunked**: {attacks.UPLOADS} connections that send a body of 1 GB with a good key, over and over.
- **1,000 idle**: so many connections that say nothing; who is cut off comes back.
- **flood of one key**: {attacks.FLOOD_CONNECTIONS} connections that send complaints with one good key, whatever is
  answered.
- **flood of wrong keys**: as many, each request with another key that might be good.

The attackers' processor time is taken from the same machine. A round has {SECONDS_MAX:g} s of each.
`CPU %` is the processor time of intake, for those who are served and those who are turned away; `RSS MB` its memory at
the end of a round.
"""

_HOST = "127.0.0.1"


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    async with bench.database() as database:
        victim, attacker = [await _key(database.url, person) for person in ("dev-victim", "dev-attacker")]
        async with _intake(bench, database.url, victim) as ours:
            numbers = itertools.count(0, 100_000)
            attack_request = replace(ours, api_key=attacker).request()

            async def load(kind: str) -> Figures:
                attack = Attack(kind, ours.port, attack_request)
                async with nullcontext() if kind == QUIET else attacking(attack):
                    return await _load(ours, next(numbers), min(plan.seconds, SECONDS_MAX))

            contenders = [Contender(kind, lambda kind=kind: load(kind)) for kind in (QUIET, *KINDS)]  # type: ignore[misc]
            rounds = await take_turns(contenders, plan.rounds, on_step)
    aims = {"p50 ms": P50_TIMES_MAX, "p99 ms": P99_TIMES_MAX}
    ratios = [
        rounds.ratio(kind, QUIET, column, aim=times, at_most=True) for kind in KINDS for column, times in aims.items()
    ]
    return rounds.outcome("Recording complaints under attack", ABOUT, *ratios)


async def _load(service: Service, first_number: int, seconds: float) -> Figures:
    load = Load(service.port, service.request(), CONNECTIONS, seconds, first_number, PAUSE_SECONDS)
    intake = psutil.Process(service.pid)
    before = intake.cpu_times()
    answers = await generated(load)
    after = intake.cpu_times()
    if answers.refused is not None:
        raise RuntimeError(f"a request was refused: {answers.refused}")
    return {
        "requests/s": answers.count / answers.seconds,
        "p50 ms": percentile(answers.durations_ms, 50),
        "p99 ms": percentile(answers.durations_ms, 99),
        "CPU %": 100 * (after.user + after.system - before.user - before.system) / answers.seconds,
        "RSS MB": intake.memory_info().rss / 1_000_000,
    }


async def _key(database_url: str, person: str) -> str:
    connection = await asyncpg.connect(database_url)
    try:
        return await create_key(connection, role="agent", tenant="default", person=person)
    finally:
        await connection.close()


@asynccontextmanager
async def _intake(bench: Bench, database_url: str, api_key: str) -> AsyncIterator[Service]:
    port = free_port(_HOST)
    settings = {
        "AMENDS_DATABASE_URL": database_url,
        "AMENDS_MASTER_KEY_FILE": str(bench.master_key_file),
        "AMENDS_DATA_DIR": str(bench.directory),
        "AMENDS_INTAKE_PORT": str(port),
        "AMENDS_RATE_LIMIT": RATE_LIMIT,
    }
    async with bench.service("intake", ("amends_intake",), settings, lambda: http_ready(_HOST, port)) as pid:
        yield Service(pid, port, "/v1/complaints", api_key)
