"""The machine's own limits, and where appending stands among them: single inserts by pgbench, COPY, plain fetch."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import asyncpg

from amends_platform.embedded.postgres import SUPERUSER, binaries
from amends_platform.ids import uuid7
from amends_store.append import Appender
from tests.bench.appending import CREATE_PLAIN, append, sealed_event
from tests.bench.callers import CALLERS
from tests.bench.measuring import Contender, Figures, Outcome, Plan, take_turns
from tests.bench.servers import Bench
from tests.support.postgres import Database

OURS, SINGLE, COPY, FETCH = "Amends", "pgbench", "COPY", "fetch"
_COPIED_ROWS: Final = 20_000
_TPS: Final = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
_JOBS: Final = 2
_SINGLE: Final = "INSERT INTO plain_events (id, type, data, sealed) VALUES (uuidv7(), :type, :data, :sealed);\n"

ABOUT = f"""
What no service on this machine could go beyond, in rows of the same size, each beside `Appender.append`:

- **{OURS}**: {CALLERS} callers append as in the first benchmark.
- **{SINGLE}**: PostgreSQL's own load generator, written in C: {CALLERS} clients on {_JOBS} threads, each row a prepared
  `INSERT` and a commit of its own.
- **{COPY}**: {_COPIED_ROWS:,} rows a commit on one connection, by asyncpg: the price of writing without waiting.
- **{FETCH}**: the same rows read again by one `SELECT`, and thrown away.
"""


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    async with bench.database() as database:
        appender = Appender(await database.pool("amends_intake"))
        owner = await asyncpg.connect(database.url)
        event = sealed_event()
        assert event.sealed is not None
        await owner.execute(CREATE_PLAIN)
        row = (event.type, event.data.decode(), event.sealed)
        script = bench.directory / "single.sql"
        script.write_text(_SINGLE, encoding="utf-8")

        async def ours() -> Figures:
            return {"rows/s": (await append(appender, event, plan.seconds))["events/s"]}

        contenders = [
            Contender(OURS, ours),
            Contender(SINGLE, lambda: _pgbench(database, script, row, plan.seconds)),
            Contender(COPY, lambda: _copy(owner, row, plan.seconds)),
            Contender(FETCH, lambda: _fetch(owner, plan.seconds)),
        ]
        try:
            rounds = await take_turns(contenders, plan.rounds, on_step)
        finally:
            await appender.aclose()
            await owner.close()
    return rounds.outcome("The machine's limits", ABOUT)


async def _pgbench(database: Database, script: Path, row: tuple[str, str, bytes], seconds: float) -> Figures:
    address = parse_qs(urlsplit(database.url).query)
    where = ("--host", address["host"][0], "--port", address["port"][0], "--username", SUPERUSER)
    how = ("--no-vacuum", "--protocol", "prepared", "--client", str(CALLERS), "--jobs", str(_JOBS))
    event_type, data, sealed = row
    values = (f"type={event_type}", f"data={data}", f"sealed=\\x{sealed.hex()}")
    process = await asyncio.create_subprocess_exec(
        str(binaries() / "pgbench"),
        *where,
        *how,
        *(f"--define={value}" for value in values),
        *("--time", str(max(1, round(seconds))), "--file", str(script), database.name),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    found = _TPS.search(said.decode())
    assert found is not None, complained.decode()
    return {"rows/s": float(found[1])}


async def _copy(owner: asyncpg.Connection, row: tuple[str, str, bytes], seconds: float) -> Figures:
    columns, rows, begun_at = ("id", "type", "data", "sealed"), 0, time.perf_counter()
    while (took := time.perf_counter() - begun_at) < seconds:
        records = [(uuid7(), *row) for _ in range(_COPIED_ROWS)]
        await owner.copy_records_to_table("plain_events", records=records, columns=columns)
        rows += _COPIED_ROWS
    return {"rows/s": rows / took}


async def _fetch(owner: asyncpg.Connection, seconds: float) -> Figures:
    rows, begun_at = 0, time.perf_counter()
    while (took := time.perf_counter() - begun_at) < seconds:
        rows += len(await owner.fetch(f"SELECT * FROM plain_events LIMIT {_COPIED_ROWS}"))
    return {"rows/s": rows / took}
