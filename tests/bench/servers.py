"""What is measured runs for real: PostgreSQL with fsync, nats-server, and each service in a process of its own."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import psutil

from amends_platform.sealing import ensure_master_key
from amends_platform.supervising.ports import free_port
from amends_platform.supervising.probes import http_ready
from amends_platform.supervising.processes import Answer, Child, Program
from amends_store.migrate import migrate
from tests.support.nats import running_nats
from tests.support.postgres import TEMPLATE, Database, PostgresServer, new_database

_HOST = "127.0.0.1"
# As PostgreSQL's own documentation would have it for a server of this size; `amends up` makes do with less.
_SETTINGS = {"shared_buffers": f"{min(2048, psutil.virtual_memory().total // 4 // 2**20)}MB", "max_wal_size": "8GB"}


@dataclass(frozen=True)
class Bench:
    """Running servers, and a directory to keep things in."""

    directory: Path
    postgres: PostgresServer
    nats_url: str

    @property
    def master_key_file(self) -> Path:
        return self.directory / "master.key"

    def apart(self, name: str) -> Bench:
        """With a directory of its own: who finds there that another log was signed before signs this one no more."""
        directory = self.directory / name
        directory.mkdir()
        ensure_master_key(directory / self.master_key_file.name)
        return replace(self, directory=directory)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """A migrated database for one benchmark. What was written before is on the disk by now."""
        await self.postgres.execute("CHECKPOINT")
        async with new_database(self.postgres) as database:
            yield database

    @asynccontextmanager
    async def service(
        self, name: str, command: tuple[str, ...], settings: Mapping[str, str], ready: Callable[[], Awaitable[Answer]]
    ) -> AsyncIterator[int]:
        """Run `python -m …` until the end; its pid once it is `ready`."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AMENDS_")}
        program = Program(
            name,
            (sys.executable, "-m", *command),
            log_file=self.directory / f"{name}.log",
            probe=ready,
            environment=environment | {"AMENDS_MODE": "development"} | dict(settings),
        )
        child = Child(program, busy=_nothing, started=_nothing)
        await child.start()
        try:
            assert child.pid is not None
            yield child.pid
        finally:
            await child.stop()

    @asynccontextmanager
    async def workflow(self, database: Database) -> AsyncIterator[tuple[int, str]]:
        """The workflow service on this database, as it is shipped: its pid and its address, once it is ready."""
        port = free_port(_HOST)
        settings = {
            "AMENDS_DATABASE_URL": database.url,
            "AMENDS_NATS_URL": self.nats_url,
            "AMENDS_MASTER_KEY_FILE": str(self.master_key_file),
            "AMENDS_CHECKPOINT_SECONDS": "1",
            "AMENDS_KEY_STORE": str(self.directory / "customers.db"),
            "AMENDS_DATA_DIR": str(self.directory),
            "AMENDS_WORKFLOW_PORT": str(port),
            "AMENDS_RATE_LIMIT": "off",
        }
        async with self.service("workflow", ("amends_workflow",), settings, lambda: http_ready(_HOST, port)) as pid:
            yield pid, f"http://{_HOST}:{port}"


@asynccontextmanager
async def running_bench() -> AsyncIterator[Bench]:
    """Fresh servers, gone at the end with all they wrote."""
    # Short: the path of a unix socket has room for 100 characters.
    directory = Path(tempfile.mkdtemp(prefix="amends-bench-"))
    postgres = PostgresServer(directory / "pg", _SETTINGS)
    try:
        os.environ["AMENDS_TEST_FSYNC"] = "on"
        await postgres.start()
        await postgres.execute(f"CREATE DATABASE {TEMPLATE}")
        await migrate(postgres.url(TEMPLATE))
        async with running_nats(directory / "nats") as nats:
            bench = Bench(directory, postgres, nats.url)
            await _insist_on_fsync(bench)
            yield bench
    finally:
        await postgres.stop()
        shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def connected(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner's."""
    connection = await asyncpg.connect(database.url)
    try:
        yield connection
    finally:
        await connection.close()


def cpu_seconds(pid: int) -> float:
    """Processor time that a process and its children have used so far, those that ended included."""
    process = psutil.Process(pid)
    used = 0.0
    for child in process.children(recursive=True):
        # One that ends meanwhile is among the ended, which are asked for last.
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            used += times.user + times.system
    own = process.cpu_times()
    return float(used + own.user + own.system + own.children_user + own.children_system)


def resident_mb(pid: int) -> float:
    """What a process holds of memory now, pages that others have too included."""
    return float(psutil.Process(pid).memory_info().rss / 1_000_000)


async def _insist_on_fsync(bench: Bench) -> None:
    connection = await asyncpg.connect(bench.postgres.url(TEMPLATE))
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            value = await connection.fetchval("SELECT current_setting($1)", setting)
            if value != "on":
                raise RuntimeError(f"{setting} is {value}: figures without it would say nothing")
    finally:
        await connection.close()


def _nothing(*_: str) -> None:
    return None
