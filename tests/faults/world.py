"""A whole Amends to be broken: servers and two of each service as processes, and a link between every two that talk."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import psutil

from amends_platform.embedded.nats import EmbeddedNats
from amends_platform.embedded.postgres import EmbeddedPostgres
from amends_platform.evidence.signing_key import ensure_signing_key
from amends_platform.identity.development_keys import ensure_development_keys
from amends_platform.sealing import ensure_master_key
from amends_platform.supervising.ports import free_port
from amends_platform.supervising.probes import http_ready
from amends_platform.supervising.processes import Program, tail
from amends_platform.supervising.supervisor import Backoff, Supervisor
from amends_platform.supervising.up import DATABASE
from amends_store.migrate import migrate
from tests.faults.disk import Disk, mounted
from tests.faults.links import Link, Streams
from tests.support.commands import Ended
from tests.support.intake import Caller
from tests.support.scratch import scratch_directory
from tests.support.system import is_quiet, until

INTAKES: Final = ("intake-1", "intake-2")
WORKFLOWS: Final = ("workflow-1", "workflow-2")
NOTIFIERS: Final = ("notifier-1", "notifier-2")
SERVICES: Final = (*INTAKES, *WORKFLOWS, *NOTIFIERS)
PROGRAMS: Final = ("postgres", "nats", *SERVICES)
LINKS: Final = (
    *(f"client>{name}" for name in INTAKES),
    *(f"{name}>{server}" for name in SERVICES for server in ("postgres", "nats")),
)

# Enough for what the services may hold together, and few enough that taking all the others is quick.
_CONNECTIONS_MAX: Final = 100
# Small, so that the log of transactions fits the disk; a checkpoint comes often, as in a busy system.
_POSTGRES: Final = {"max_connections": str(_CONNECTIONS_MAX), "max_wal_size": "96MB", "min_wal_size": "32MB"}
# A client that waits no longer than this: then it does not know, and sends again.
_CLIENT_SECONDS_MAX: Final = 3.0
_BACKOFF: Final = Backoff(first_seconds=0.1, max_seconds=1.0, healthy_seconds=5.0)


class World:
    """One Amends. `links` by the names of `LINKS`; `disk` is PostgreSQL's, None where it has none of its own."""

    def __init__(self, directory: Path, disk: Disk | None, policy: str) -> None:
        """Starts nothing yet. PostgreSQL lives in `directory`/disk."""
        self.directory = directory
        self.disk = disk
        self.links: dict[str, Link] = {}
        self.planted: set[str] = set()
        """Ids of messages that are none of ours."""
        self.happened: list[str] = []
        self.logs = directory / "logs"
        self._postgres = EmbeddedPostgres(
            directory / "disk" / "pg", log_file=self.logs / "postgres.log", say=lambda text: self._say("world", text)
        )
        self._nats = EmbeddedNats(directory / "nats", log_file=self.logs / "nats.log")
        self._policy_file = directory / "policy.yaml"
        self._policy_file.write_text(policy)
        self._may_run = {name: asyncio.Event() for name in PROGRAMS}
        self._keys: dict[str, str] = {}
        self._client: httpx.AsyncClient | None = None
        self._supervisor = Supervisor(
            noted_in=directory / "children.json", say=self._say, changed=lambda _: None, backoff=_BACKOFF
        )

    @property
    def database_url(self) -> str:
        """The owner's, past every link."""
        return self._postgres.url(DATABASE)

    @property
    def nats_url(self) -> str:
        """Past every link."""
        return self._nats.url

    @property
    def nats_store(self) -> Path:
        return self._nats.directory / "store"

    @property
    def output(self) -> str:
        """What happened to the programs, and the last lines of each one's log."""
        logs = sorted(self.logs.glob("*.log"))
        return "\n".join(self.happened[-20:]) + "".join(f"\n{log.name}:{tail(log, 0)}" for log in logs)

    def pid(self, program: str) -> int | None:
        """None while it does not run."""
        return self._supervisor.pids.get(program)

    def caller(self, role: str) -> Caller:
        """Somebody who writes, now through one intake, now through the other."""
        assert self._client is not None, "the world runs"
        return Caller(self._client, self._keys[role], f"dev-{role}")

    @asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the owner's, as soon as there is one to be had."""
        connection: asyncpg.Connection | None = None

        async def connected() -> bool:
            nonlocal connection
            with suppress(OSError, asyncpg.PostgresError, TimeoutError):
                connection = await asyncpg.connect(self.database_url, timeout=5)
            return connection is not None

        await until(connected, lambda: f"PostgreSQL does not answer\n{self.output}")
        assert connection is not None
        try:
            yield connection
        finally:
            # It may be gone by now, or never answer.
            connection.terminate()

    async def quiet(self) -> None:
        """Wait until nothing is under way: every timer has fired, and everything is projected and published."""
        async with self.database() as connection:
            await until(lambda: is_quiet(connection), lambda: f"the world did not become quiet\n{self.output}")

    async def everybody_is_back(self) -> None:
        """Wait until every program runs, and the services say that they are ready."""
        await until(self._all_answer, lambda: f"only these run: {self._supervisor.pids}\n{self.output}")

    async def run(self, *arguments: str) -> Ended:
        """Give an `amends` command beside the services, and wait for its end."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "amends_platform.cli", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment(self.database_url, self.nats_url),
        )
        try:
            output, error = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        assert process.returncode is not None
        return Ended(process.returncode, output.decode(), error.decode())

    @contextmanager
    def down(self, *programs: str) -> Iterator[None]:
        """kill -9 these programs, and keep them down until the block is left. They come back by themselves."""
        for program in programs:
            self._may_run[program].clear()
        self.interrupt(signal.SIGKILL, *programs)
        try:
            yield
        finally:
            for program in programs:
                self._may_run[program].set()

    def interrupt(self, number: signal.Signals, *programs: str) -> None:
        """Those that do not run just now are left out."""
        for program in programs:
            if (pid := self.pid(program)) is not None:
                self.interrupt_process(number, pid)

    def interrupt_process(self, number: signal.Signals, pid: int) -> None:
        """One of them, or a process that one of them has made."""
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    @contextmanager
    def hung(self, *pids: int) -> Iterator[None]:
        """Stop these processes in their tracks until the block is left."""
        # Another may have been given the number meanwhile.
        stopped = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            yield
        finally:
            for process in stopped:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    async def start(self) -> None:
        """Return once everything answers."""
        for may_run in self._may_run.values():
            may_run.set()
        await self._postgres.prepare()
        await self._supervisor.start(self._held(self._postgres.program(_POSTGRES)), self._held(self._nats.program()))
        await self._postgres.ensure_database(DATABASE)
        await self._prepare()
        for name in LINKS:
            self.links[name] = Link(name, self._way_to(name.partition(">")[2]))
            await self.links[name].open()
        ports = {name: free_port("127.0.0.1") for name in (*INTAKES, *WORKFLOWS)}
        self._ports = ports
        await self._supervisor.start(*(self._service(name) for name in SERVICES))
        self._client = httpx.AsyncClient(
            base_url="http://intake",
            transport=_ByTurns([self.links[f"client>{name}"].port for name in INTAKES]),
            timeout=_CLIENT_SECONDS_MAX,
        )

    async def stop(self) -> None:
        if self._client is not None:
            await self._client.aclose()
        await self._supervisor.stop()
        for link in self.links.values():
            await link.close()
        self._postgres.tidy()

    async def _prepare(self) -> None:
        await migrate(self.database_url)
        keys = self.directory / "keys"
        ensure_master_key(keys / "master.key")
        ensure_signing_key(keys / "signing.key", "amends/default")
        async with self.database() as connection:
            self._keys = await ensure_development_keys(connection, keys / "development.json", "default")

    async def _all_answer(self) -> bool:
        if self._supervisor.pids.keys() != set(PROGRAMS):
            return False
        answers = await asyncio.gather(*(http_ready("127.0.0.1", port) for port in self._ports.values()))
        return all(answer.ready for answer in answers)

    def _way_to(self, program: str) -> Callable[[], Awaitable[Streams]]:
        if program == "postgres":
            # The directory of the socket is in the URL; its name is PostgreSQL's.
            directory = httpx.URL(self.database_url.replace("@/", "@here/")).params["host"]
            return lambda: asyncio.open_unix_connection(f"{directory}/.s.PGSQL.5432")
        if program == "nats":
            return lambda: asyncio.open_connection("127.0.0.1", self._nats.port)
        return lambda: asyncio.open_connection("127.0.0.1", self._ports[program])

    def _service(self, name: str) -> Program:
        service = name.partition("-")[0]
        port = self._ports.get(name)
        environment = self._environment(
            f"postgresql://postgres@{self.links[f'{name}>postgres'].address}/{DATABASE}?sslmode=disable",
            f"nats://{self.links[f'{name}>nats'].address}",
        )
        if port is not None:
            environment[f"AMENDS_{service.upper()}_PORT"] = str(port)
        return self._held(
            Program(
                name,
                (sys.executable, "-m", f"amends_{service}"),
                log_file=self.logs / f"{name}.log",
                announces=True,
                environment=environment,
            )
        )

    def _environment(self, database_url: str, nats_url: str) -> dict[str, str]:
        settings: Mapping[str, Any] = {
            "MODE": "development",
            "DATABASE_URL": database_url,
            "NATS_URL": nats_url,
            "POLICY": self._policy_file,
            "DATA_DIR": self.directory,
            "CHECKPOINT_SECONDS": 1,
            "RATE_LIMIT": "off",
            "ADDRESS_RATE_LIMIT": "off",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AMENDS_", "XDG_"))}
        return inherited | {f"AMENDS_{name}": str(value) for name, value in settings.items()}

    def _held(self, program: Program) -> Program:
        """That is not started while it is kept down."""

        async def prepare() -> None:
            await self._may_run[program.name].wait()
            await program.prepare()

        return replace(program, prepare=prepare)

    def _say(self, program: str, text: str) -> None:
        self.happened.append(f"{program} {text}")


class _ByTurns(httpx.AsyncBaseTransport):
    """Sends each request to the next of several ports: one that is sent again goes to another."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = itertools.cycle(ports)
        self._transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=None))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host="127.0.0.1", port=next(self._ports))
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


@asynccontextmanager
async def running_world(policy: str) -> AsyncIterator[World]:
    """A world that is stopped, and its directory removed, at the end."""
    async with AsyncExitStack() as stack:
        held = stack.enter_context(ExitStack())
        directory = held.enter_context(scratch_directory("amends-world-"))
        disk = held.enter_context(mounted(directory / "disk"))
        # PostgreSQL, which is another user where we are root, passes through.
        directory.chmod(0o711)
        world = World(directory, disk, policy)
        stack.push_async_callback(world.stop)
        await world.start()
        yield world
