"""Where a planted bug is played: a copy of the code, run as several processes on servers that may be broken."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import orjson

from amends_notifier.stream import STREAM
from amends_platform.supervising.processes import Child
from tests.faults.planted.patches import Patch, patched
from tests.support.judging.asked import Command
from tests.support.judging.judge import Violation, judge
from tests.support.judging.recording import history_of
from tests.support.load import Load
from tests.support.nats import NatsServer
from tests.support.notifying import connected
from tests.support.postgres import PostgresServer
from tests.support.releases import Fleet
from tests.support.scratch import scratch_directory
from tests.support.system import until
from tests.support.tailing import Tail

# A system that keeps its promises is quiet long before; one that does not may never be, and is judged as it is then.
_QUIET_SECONDS_MAX = 10.0
# A process that is mistaken makes its mistake within this: it looks at least once a second.
_FOR_A_MISTAKE_SECONDS = 3.0
_SEED = 20261127
# What falls due within a minute is waited for.
_QUIET = """
SELECT NOT EXISTS (SELECT FROM timers WHERE fires_at < log_now() + interval '1 minute') AND 2 = (
    SELECT count(*) FROM checkpoints AS c, log_head AS head
    WHERE c.name IN ('read-model', 'notifier') AND c.position = head.position
)
"""

_numbers = itertools.count(1)


class Stage:
    """Processes of the copied code, by the names that a scenario gives them, and what their clients asked."""

    def __init__(self, fleet: Fleet, code: Path, postgres: PostgresServer, nats: NatsServer, tail: Tail) -> None:
        self.fleet = fleet
        self.postgres = postgres
        self.nats = nats
        self.gate = code / "gate"
        self.load = self.clients()
        self._code = code
        self._tail = tail
        self._running: dict[str, Child] = {}

    def clients(self, *, twice: float = 0.0, stale: float = 0.0) -> Load:
        """Eight at work, whose commands are judged."""
        self.load = Load(self.fleet, seed=_SEED, clients=8, twice=twice, stale=stale)
        return self.load

    async def start(self, *names: str) -> None:
        """Start a process for each: what it is stands before the hyphen (`intake-1`)."""

        async def one(name: str) -> None:
            [self._running[name]] = await self.fleet.start(self._code, name, (name.partition("-")[0],))

        await asyncio.gather(*(one(name) for name in names))

    async def kill(self, name: str) -> None:
        """kill -9, and return once it is gone."""
        await self._running.pop(name).stop(force=True)

    @contextmanager
    def hung(self, *names: str) -> Iterator[None]:
        """These stop in their tracks while the block runs; `nats` and `postgres` are the servers."""
        pids = {"nats": self.nats.pid} | {name: child.pid for name, child in self._running.items()}
        stopped = [pid for name in names if (pid := pids[name]) is not None]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    async def receive(self) -> dict[str, Any]:
        """A new complaint, which must be taken."""
        return await self.ask(
            "",
            channel="phone",
            branch="north-street",
            narrative="The machine kept my card.",
            customer={"ref": f"C-{next(_numbers)}", "name": "Ms. Chen"},
        )

    async def ask(self, path: str, *, events: int = 1, **body: Any) -> dict[str, Any]:
        """A command that must be taken: the answer. `path` goes on after that of complaints."""
        key = f"key-{next(_numbers)}"
        command = Command(uuid4(), "dev-handler", key, f"/v1/complaints{path}", orjson.dumps(body), events)
        await self.load.send(command)
        assert command.taken is not None, command.answers
        return command.taken.said

    async def apologize(self, case: dict[str, Any]) -> None:
        """The customer of the case is told that we are sorry."""
        await self.ask(f"/{case['id']}/apology", by_channel="phone", text="We are sorry.")

    async def call(self, case: dict[str, Any], *, events: int = 1, **agreed: Any) -> dict[str, Any]:
        """The customer of the case called, and was told why it takes so long: the answer."""
        told = {
            "direction": "inbound",
            "channel": "phone",
            "summary": "Why it takes so long.",
            "reason_explained": True,
        }
        return await self.ask(f"/{case['id']}/contacts", events=events, **told, **agreed)

    async def move_clock(self, **delta: float) -> None:
        """Set the database's clock forward, once."""
        seconds = timedelta(**delta).total_seconds()
        async with self.fleet.database() as connection:
            await connection.execute(
                "CREATE OR REPLACE FUNCTION log_now() RETURNS timestamptz LANGUAGE sql VOLATILE"
                f" RETURN clock_timestamp() + interval '{seconds} seconds'"
            )

    @asynccontextmanager
    async def locked(self, statement: str) -> AsyncIterator[asyncpg.Connection]:
        """A transaction that holds something until the block is left."""
        async with self.fleet.database() as connection, connection.transaction():
            await connection.execute(statement)
            yield connection

    @asynccontextmanager
    async def taking_nothing(self) -> AsyncIterator[None]:
        """The broker refuses every message while the block runs."""
        await self._limit_messages(1)
        yield
        await self._limit_messages(-1)

    async def told(self, subject: str) -> None:
        """Wait until the stream holds a message on this subject."""

        async def is_told() -> bool:
            async with connected(self.nats.url) as client:
                info = await client.jetstream().stream_info(STREAM, subjects_filter=f"amends.v1.*.{subject}")
            return bool(info.state.subjects)

        await until(is_told, lambda: f"nobody told of {subject}\n{self.fleet.output}")

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        async with self.fleet.database() as connection:
            return await connection.fetchval(query, *arguments)

    async def until(self, query: str, *arguments: Any) -> None:
        """Wait until the database answers yes."""
        await until(lambda: self.fetchval(query, *arguments), lambda: f"never: {query}\n{self.fleet.output}")

    async def unless(self, query: str, *arguments: Any) -> None:
        """Give what must not be the time to be, if there is a mistake: until the database answers yes, or for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FOR_A_MISTAKE_SECONDS):
                await self.until(query, *arguments)

    @property
    def ended(self) -> list[str]:
        """Who is no longer there, though nobody killed it."""
        return [name for name, child in self._running.items() if child.pid is None]

    async def violations(self) -> list[Violation]:
        """What the judge says of it all, once it is quiet or will not be."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_QUIET_SECONDS_MAX):
                await self.until(_QUIET)
                await self._tail.caught_up()
        return judge(await history_of(self.fleet, self.load.commands, self._tail.seen))

    async def _limit_messages(self, bytes_max: int) -> None:
        async with connected(self.nats.url) as client:
            js = client.jetstream()
            config = (await js.stream_info(STREAM)).config
            config.max_msg_size = bytes_max
            await js.update_stream(config)


@asynccontextmanager
async def staged(
    patches: Iterable[Patch], postgres: PostgresServer, nats: NatsServer, policy: str
) -> AsyncIterator[Stage]:
    """The code with these patches, on a database of its own. Nothing is started yet but the servers."""
    name = f"planted_{next(_numbers)}"
    with scratch_directory("amends-planted-") as directory:
        code = patched(patches, directory / "code")
        await postgres.administer(f"CREATE DATABASE {name}")
        fleet = Fleet(directory, postgres.url(name), nats.url, policy)
        await fleet.prepare(code)
        async with fleet.open(), asyncpg.create_pool(fleet.database_url, min_size=0, max_size=2) as pool:
            tail = Tail(pool, 0)
            following = asyncio.create_task(tail.follow())
            try:
                yield Stage(fleet, code, postgres, nats, tail)
            finally:
                following.cancel()
                # It may have met a hole in the log: then it saw less than there is, which is for the judge to say.
                await asyncio.gather(following, return_exceptions=True)
