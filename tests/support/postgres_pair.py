"""A PostgreSQL primary and its synchronous standby, from the wheel's programs, on one machine: killed, promoted, built
anew, as docs/runbooks/database-failover.md says.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil

from amends_platform.embedded.os_user import user_for_postgres
from amends_platform.embedded.postgres import SUPERUSER, EmbeddedPostgres, binaries
from amends_platform.supervising.processes import Child
from amends_store.migrate import migrate
from tests.support.scratch import scratch_directory
from tests.support.system import until

DATABASE = "amends"
# A standby that is built anew must not wait for the minutes in which a primary writes its checkpoints anyway.
_SETTINGS = {
    "wal_level": "replica",
    "wal_receiver_timeout": "5s",
    "wal_sender_timeout": "5s",
    "wal_retrieve_retry_interval": "100ms",
}


class Member:
    """One of the two servers, whichever it is by now."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self._embedded = EmbeddedPostgres(directory / name, log_file=directory / f"{name}.log", say=_nothing)
        self._child: Child | None = None

    @property
    def directory(self) -> Path:
        return self._embedded.directory

    @property
    def url(self) -> str:
        """The owner's, of the database."""
        return self._embedded.url(DATABASE)

    @property
    def socket_directory(self) -> str:
        return parse_qs(urlsplit(self.url).query)["host"][0]

    async def make(self) -> None:
        """A new cluster with the database in it."""
        await self.start()
        await self._embedded.ensure_database(DATABASE)

    async def start(self) -> None:
        """Return once it answers, as what its files say it is."""
        await self._embedded.prepare()
        self._child = Child(self._embedded.program(_SETTINGS), busy=_nothing, started=lambda: None)
        await self._child.start()

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop()

    async def kill(self) -> None:
        """All its processes at once, as when the machine loses its power; return once they are gone."""
        processes = self._processes()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        assert self._child is not None
        await self._child.wait()
        psutil.wait_procs(processes, timeout=10)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """As a machine that hangs: it takes connections, and says nothing."""
        processes = self._processes()
        _signal(processes, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(processes, signal.SIGCONT)

    async def follow(self, primary: Member) -> None:
        """Become a standby of the primary: everything that was here is gone."""
        shutil.rmtree(self.directory, ignore_errors=True)
        user = user_for_postgres(self.directory, _nothing)
        self.directory.mkdir(mode=0o700)
        if user is not None:
            os.chown(self.directory, user.uid, user.gid)
        address = f"host={primary.socket_directory} port=5432 user={SUPERUSER} application_name={self.name}"
        process = await asyncio.create_subprocess_exec(
            *(str(binaries() / "pg_basebackup"), f"--dbname={address}", "-D", str(self.directory)),
            *("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"),
            stderr=asyncio.subprocess.PIPE,
            cwd="/",
            user=None if user is None else user.uid,
            group=None if user is None else user.gid,
            extra_groups=None if user is None else [],
            env={**os.environ, "HOME": "/"},
        )
        _, said = await process.communicate()
        assert process.returncode == 0, said.decode()
        await self.start()

    async def execute(self, *statements: str) -> None:
        """As the superuser, each in its own transaction."""
        connection = await asyncpg.connect(self.url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    async def wait_for(self, *standbys: str) -> None:
        """From now on no commit is acknowledged that these standbys, any of them, have not; without any, every one."""
        names = f"ANY 1 ({', '.join(standbys)})" if standbys else ""
        await self.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'", "SELECT pg_reload_conf()")
        await until(lambda: self._waits_for(names), lambda: f"{self.name} has no standby in step")

    async def _waits_for(self, names: str) -> bool:
        said = await self.fetchval("SHOW synchronous_standby_names")
        in_step = await self.fetchval("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'quorum'")
        return said == names and (in_step > 0 or not names)

    def _processes(self) -> list[psutil.Process]:
        assert self._child is not None
        assert self._child.pid is not None, f"{self.name} runs"
        postmaster = psutil.Process(self._child.pid)
        return [postmaster, *postmaster.children(recursive=True)]


class Pair:
    """`primary` and `standby`, which change places. `url` names both."""

    def __init__(self, directory: Path) -> None:
        self.primary, self.standby = Member("one", directory), Member("two", directory)

    @property
    def url(self) -> str:
        hosts = ",".join(member.socket_directory for member in (self.primary, self.standby))
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={hosts}&port=5432"

    async def start(self) -> None:
        await self.primary.make()
        await migrate(self.primary.url)
        await self.standby.follow(self.primary)
        await self.primary.wait_for(self.standby.name)

    async def promote(self) -> None:
        """The standby becomes the primary, with none of its own for the time being. The former must be dead."""
        self.primary, self.standby = self.standby, self.primary
        assert await self.primary.fetchval("SELECT pg_promote()")
        # Said by a person: nobody has a second copy for now, and complaints are taken nevertheless.
        await self.primary.wait_for()

    async def rebuild(self) -> None:
        """The dead one becomes a standby of the new primary, which waits for it again."""
        await self.standby.follow(self.primary)
        await self.primary.wait_for(self.standby.name)

    async def stop(self) -> None:
        await asyncio.gather(self.standby.stop(), self.primary.stop())


@asynccontextmanager
async def postgres_pair() -> AsyncIterator[Pair]:
    with scratch_directory("amends-pair-") as directory:
        pair = Pair(directory)
        try:
            await pair.start()
            yield pair
        finally:
            await pair.stop()


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _nothing(*_: str) -> None:
    return None
