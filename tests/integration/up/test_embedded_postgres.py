"""The embedded PostgreSQL: made once, durable, reachable by nobody else, and never in need of a manual repair."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import psutil
import pytest
import pytest_asyncio

from amends_platform.embedded import postgres
from amends_platform.embedded.postgres import EmbeddedPostgres
from amends_platform.supervising.processes import Child, StartFailed
from tests.support.programs import gone


class Cluster:
    """One start of a cluster, and what was said about it."""

    def __init__(self, directory: Path) -> None:
        self.said: list[str] = []
        self.server = EmbeddedPostgres(directory, log_file=directory.parent / "postgres.log", say=self.said.append)
        self._child: Child | None = None

    async def start(self) -> None:
        await self.server.prepare()
        self._child = Child(self.server.program(), busy=self.said.append, started=lambda: None)
        await self._child.start()

    @property
    def child(self) -> Child:
        assert self._child is not None
        return self._child

    async def ask(self, question: str) -> object:
        connection = await asyncpg.connect(self.server.url("postgres"))
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    async def socket_directory(self) -> Path:
        return Path(str(await self.ask("SHOW unix_socket_directories")))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@asynccontextmanager
async def started(directory: Path) -> AsyncIterator[Cluster]:
    cluster = Cluster(directory)
    await cluster.start()
    try:
        yield cluster
    finally:
        await cluster.child.stop()
        cluster.server.tidy()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cluster() -> AsyncIterator[Cluster]:
    """One for the tests that only ask."""
    with TemporaryDirectory(prefix="amends-up-") as directory:
        async with started(Path(directory) / "postgres") as running:
            yield running


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit", "data_checksums"])
async def test_what_is_acknowledged_is_on_the_disk_and_checked_when_read(cluster: Cluster, setting: str) -> None:
    assert await cluster.ask(f"SHOW {setting}") == "on"


async def test_text_is_unicode_sorted_by_code_point_and_time_is_utc(cluster: Cluster) -> None:
    assert await cluster.ask("SHOW server_encoding") == "UTF8"
    assert await cluster.ask("SHOW timezone") == "UTC"
    assert await cluster.ask("SELECT lower('ÄÖ') || ('Z' < 'a')") == "äötrue"
    assert await cluster.ask("SELECT datlocale FROM pg_database WHERE datname = 'postgres'") == "C.UTF-8"


async def test_it_listens_on_a_socket_that_only_its_owner_can_reach(cluster: Cluster) -> None:
    assert await cluster.ask("SHOW listen_addresses") == ""
    assert mode_of(await cluster.socket_directory()) == 0o700
    assert mode_of(cluster.server.directory) == 0o700


async def test_a_database_is_created_once(cluster: Cluster) -> None:
    await cluster.server.ensure_database("amends")
    await cluster.server.ensure_database("amends")
    connection = await asyncpg.connect(cluster.server.url("amends"))
    await connection.close()


async def test_what_was_written_is_there_after_a_restart_and_the_cluster_is_made_once(tmp_path: Path) -> None:
    async with started(tmp_path / "postgres") as first:
        await first.ask("CREATE TABLE kept AS SELECT 7 AS number")
    async with started(tmp_path / "postgres") as second:
        assert await second.ask("SELECT number FROM kept") == 7
    assert "making a new PostgreSQL cluster" in first.said
    assert second.said == []


@pytest.mark.parametrize("name", ["x" * 200, "投诉, and spaces"], ids=["long", "strange"])
async def test_any_data_directory_will_do(tmp_path: Path, name: str) -> None:
    async with started(tmp_path / name / "postgres") as cluster:
        assert await cluster.ask("SELECT 7") == 7
        sockets = await cluster.socket_directory()
        assert mode_of(sockets) == 0o700
    assert not sockets.exists()


async def test_it_recovers_after_it_was_killed(tmp_path: Path) -> None:
    async with started(tmp_path / "postgres") as first:
        await first.ask("CREATE TABLE kept AS SELECT 7 AS number")
        await first.child.stop(force=True)
    async with started(tmp_path / "postgres") as second:
        assert await second.ask("SELECT number FROM kept") == 7


async def test_a_server_that_still_runs_is_stopped_before_the_next_start(tmp_path: Path) -> None:
    async with started(tmp_path / "postgres") as first:
        left = first.child.pid
        assert left is not None
        async with started(tmp_path / "postgres") as second:
            assert await second.ask("SELECT 7") == 7
            assert await gone(left)
        assert second.said == [f"stopping the PostgreSQL (pid {left}) that an earlier run left behind"]


async def test_a_session_busy_in_a_long_statement_does_not_outlive_its_killed_server(tmp_path: Path) -> None:
    """PostgreSQL refuses to start while such a session is attached to the old shared memory."""
    async with started(tmp_path / "postgres") as first:
        busy = await asyncpg.connect(first.server.url("postgres"))
        backend = busy.get_server_pid()
        # Stopped, it cannot notice that its server is gone, as one deep in a long computation does not.
        os.kill(backend, signal.SIGSTOP)
        await first.child.stop(force=True)
        assert psutil.pid_exists(backend)
        async with started(tmp_path / "postgres") as second:
            assert await second.ask("SELECT 7") == 7
        assert await gone(backend)
        busy.terminate()


async def test_a_pid_file_that_lies_is_no_hindrance(tmp_path: Path) -> None:
    async with started(tmp_path / "postgres"):
        pass
    for lie in ("", "not a pid\n", f"{os.getpid()}\n/elsewhere\n"):
        (tmp_path / "postgres" / "postmaster.pid").write_text(lie)
        async with started(tmp_path / "postgres") as cluster:
            assert await cluster.ask("SELECT 7") == 7


@pytest.mark.parametrize("name", ["postgres.new", "postgres.new-of-a-start-before"])
async def test_a_cluster_that_was_only_half_made_is_made_anew(tmp_path: Path, name: str) -> None:
    half = tmp_path / name
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    async with started(tmp_path / "postgres") as cluster:
        assert await cluster.ask("SELECT 7") == 7
    assert not half.exists()


async def test_a_cluster_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(StartFailed, match="was made by PostgreSQL 16, and this is 18"):
        await Cluster(tmp_path / "postgres").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must let PostgreSQL's user through")
async def test_root_lets_postgres_through_directories_without_letting_anyone_list_them(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    async with started(private / "data" / "postgres") as cluster:
        assert await cluster.ask("SELECT 7") == 7
        assert cluster.child.pid is not None
        assert psutil.Process(cluster.child.pid).uids().real != 0
    assert mode_of(private) == 0o701
    assert any(str(private) in line for line in cluster.said)


async def test_the_environment_of_libpq_does_not_lead_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGHOST": "elsewhere", "PGDATABASE": "other", "PGUSER": "other"}.items():
        monkeypatch.setenv(name, value)
    async with started(tmp_path / "postgres") as cluster:
        assert await cluster.ask("SELECT current_database() || ' ' || current_user") == "postgres postgres"


async def test_it_does_not_wait_for_its_clients_when_it_is_stopped(tmp_path: Path) -> None:
    async with started(tmp_path / "postgres") as cluster:
        session = await asyncpg.connect(cluster.server.url("postgres"))
        async with asyncio.timeout(20):
            assert await cluster.child.stop()
        session.terminate()


def test_without_the_wheel_the_machine_s_own_programs_do_if_they_are_of_its_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As where only `amends backup --rehearse` wants a server, beside a database of the distribution's."""
    wheels = postgres.binaries()
    monkeypatch.setattr(postgres, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", f"{wheels}:{os.environ['PATH']}")
    assert postgres.binaries() == wheels
    older = tmp_path / "postgres"
    older.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 17.6'\n")
    older.chmod(0o755)
    (tmp_path / "initdb").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    # Those of packages are off the PATH, and may be here.
    monkeypatch.setattr(postgres, "PLACES", ())
    with pytest.raises(StartFailed, match="there is no PostgreSQL 18 to run here"):
        postgres.binaries()
