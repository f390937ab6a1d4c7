"""A whole Amends as real processes: started by `amends up`, asked over HTTP, killed piece by piece, stopped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil

from amends_platform.supervising.processes import Answer, Child, Program, tail
from amends_store.read import head_position
from tests.support import commands
from tests.support.commands import WAIT_SECONDS_MAX, Ended
from tests.support.intake import Caller
from tests.support.scratch import scratch_directory

PROGRAMS = ("intake", "workflow", "notifier", "nats", "postgres")

_QUIET = """
SELECT
    now.at >= coalesce($1, now.at)
    -- One statement, one snapshot: an event that the projection has yet to see may bring a timer, and shows below.
    AND NOT EXISTS (SELECT FROM timers WHERE $1 IS NULL OR fires_at <= $1)
    AND 2 = (
        SELECT count(*) FROM checkpoints AS c, log_head AS head
        WHERE c.name IN ('read-model', 'notifier') AND c.position = head.position
    )
FROM (SELECT log_now() AS at) AS now
"""


class System:
    """One `amends up` on a directory of its own, with `policy` (YAML) in force. It may be stopped and started again."""

    def __init__(self, directory: Path, policy: str) -> None:
        self.directory = directory
        self.data_dir = directory / "data"
        self._ready_file = directory / "ready.json"
        policy_file = directory / "policy.yaml"
        policy_file.write_text(policy)
        (directory / "home").mkdir()
        self._client: httpx.AsyncClient | None = None
        self._processes: set[psutil.Process] = set()
        self._child = Child(
            Program(
                "amends up",
                (
                    *(sys.executable, "-m", "amends_platform.cli", "up"),
                    *("--data-dir", str(self.data_dir), "--ready-file", str(self._ready_file)),
                    *("--intake-port", "0", "--workflow-port", "0", "--policy", str(policy_file)),
                ),
                log_file=directory / "up.log",
                probe=self._answers,
                environment=self.environment,
                stop_signal=signal.SIGINT,
                ready_seconds_max=90.0,
                stop_seconds_max=60.0,
            ),
            busy=lambda _: None,
            started=lambda: None,
        )

    @property
    def ready(self) -> dict[str, Any]:
        """What the ready file says now."""
        document: dict[str, Any] = json.loads(self._ready_file.read_text())
        return document

    @property
    def nats_url(self) -> str:
        return str(self.ready["nats_url"])

    @property
    def database_url(self) -> str:
        return str(self.ready["database_url"])

    @property
    def client(self) -> httpx.AsyncClient:
        """For any of the services, by absolute URL."""
        assert self._client is not None, "the system runs"
        return self._client

    async def start(self) -> None:
        """Return once everything answers."""
        await self._child.start()
        self._note_processes()
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=128)
        self._client = httpx.AsyncClient(
            base_url=self.ready["intake_url"], timeout=30.0, limits=limits, trust_env=False
        )

    async def stop(self) -> None:
        """Stop it as Ctrl-C does. Fails when it does not end well by itself, or leaves a process behind."""
        if self._child.pid is None:
            return
        if self._client is not None:
            await self._client.aclose()
        self._note_processes()
        willing = await self._child.stop()
        status = await self._child.wait()
        left = [process for process in self._processes if _runs(process)]
        for process in left:
            process.kill()
        assert willing, f"it did not stop in time\n{self.output}"
        assert status == 0, f"it ended with status {status}\n{self.output}"
        assert not left, f"left behind: {left}\n{self.output}"
        assert not self._ready_file.exists()

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a shell beside it, in which `amends` finds it and no other."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AMENDS_", "XDG_"))}
        home = {"HOME": str(self.directory / "home"), "AMENDS_DATA_DIR": str(self.data_dir)}
        return inherited | home | {"AMENDS_RATE_LIMIT": "off", "AMENDS_CHECKPOINT_SECONDS": "1"}

    @property
    def output(self) -> str:
        """What it said at its terminal, and the last lines of each program's log: for the message of a failure."""
        logs = sorted((self.data_dir / "logs").glob("*.log"))
        return tail(self.directory / "up.log", 0, lines_max=100) + "".join(
            f"\n{log.name}:{tail(log, 0)}" for log in logs
        )

    def caller(self, role: str) -> Caller:
        """Somebody who writes, by the development key of the role."""
        return Caller(self.client, self.ready["keys"][role], f"dev-{role}")

    async def ask(self, path: str, *, role: str = "auditor", **parameters: Any) -> httpx.Response:
        """GET from the workflow service; `path` is absolute, such as one from `next`."""
        ready = self.ready
        return await self.client.get(
            ready["workflow_url"] + path,
            params={name: str(value) for name, value in parameters.items()} or None,
            # An auditor has to say what for; it says nothing where nothing is sealed.
            headers={"Authorization": f"Bearer {ready['keys'][role]}"}
            | ({"Amends-Purpose": "audit"} if role == "auditor" else {}),
        )

    async def case(self, answer: dict[str, Any], **parameters: Any) -> dict[str, Any]:
        """The case of a command's answer as workflow has it, at least as new as the answer."""
        response = await self.ask(f"/v1/cases/{answer['id']}", min_position=answer["position"], **parameters)
        assert response.status_code == 200, response.text
        case: dict[str, Any] = response.json()
        return case

    async def kill(self, *programs: str) -> None:
        """kill -9 these programs, and return once `amends up` has them all running again."""
        before = self.ready["pids"]
        for program in programs:
            os.kill(before[program], signal.SIGKILL)
        await until(
            lambda: all(self.ready["pids"][program] not in (before[program], None) for program in programs),
            lambda: f"{programs} did not come back\n{self.output}",
        )
        self._note_processes()

    @contextmanager
    def hung(self, *programs: str) -> Iterator[None]:
        """Stop these programs in their tracks, without ending them, while the block runs."""
        pids = [self.ready["pids"][program] for program in programs]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the owner's."""
        connection = await asyncpg.connect(self.database_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def head(self) -> int:
        """The last position of the log."""
        async with self.database() as connection:
            return await head_position(connection)

    async def quiet(self, past: datetime | None = None) -> None:
        """Wait until nothing is under way: every timer has fired (those due by `past`, when that is given, which
        must have passed), every event is in the read model, and every message is acknowledged by the broker."""
        async with self.database() as connection:
            await until(lambda: is_quiet(connection, past), lambda: f"the system did not become quiet\n{self.output}")

    async def begin(self, *arguments: str, **variables: str) -> asyncio.subprocess.Process:
        """Give an `amends` command to a process of its own. `variables` are settings besides."""
        return await commands.begin(*arguments, environment=self.environment | variables)

    async def run(self, *arguments: str, **variables: str) -> Ended:
        """Give an `amends` command, as its user would, and wait for its end."""
        return await commands.run(*arguments, environment=self.environment | variables)

    async def _answers(self) -> Answer:
        return Answer(ready=self._ready_file.exists())

    def _note_processes(self) -> None:
        """All its processes, so that `stop` can tell whether one was left."""
        assert self._child.pid is not None
        self._processes.update(psutil.Process(self._child.pid).children(recursive=True))


@asynccontextmanager
async def running_system(policy: str) -> AsyncIterator[System]:
    """A system that is stopped, and its directory removed, at the end."""
    with scratch_directory("amends-system-") as directory:
        system = System(directory, policy)
        try:
            await system.start()
            yield system
        finally:
            await system.stop()


async def is_quiet(connection: asyncpg.Connection, past: datetime | None = None) -> bool:
    """Whether nothing is under way, or nothing that was due by `past`."""
    return bool(await connection.fetchval(_QUIET, past))


async def until(condition: Callable[[], bool | Awaitable[bool]], otherwise: Callable[[], str]) -> None:
    """Ask again and again, within a bound, until the answer is yes."""
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while True:
                answer = condition()
                if answer if isinstance(answer, bool) else await answer:
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(otherwise()) from None


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
