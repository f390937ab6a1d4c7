"""One program as a child of this process: started, waited for until it answers, stopped within a bound.

A child has its own session, so that Ctrl-C at the terminal reaches only the supervisor, which stops things in
order. On Linux the kernel also signals it when the supervisor dies, kill -9 included.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import sys
import time
import warnings
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import Any, Final, NamedTuple

from amends_platform.failures import Failure
from amends_platform.supervising.readiness import READY_FD

LOG_BYTES_MAX: Final = 10 * 1_048_576
_PROBE_SECONDS: Final = 0.05
_PR_SET_PDEATHSIG: Final = 1
# Bound before any fork: looking a symbol up in a forked child could wait for a lock that nobody holds there.
_PRCTL: Final[Callable[[int, int], int] | None] = (
    ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None
)


class StartFailed(Failure):
    """A program ended, or did not answer in time, before it was ready."""


class Answer(NamedTuple):
    """What a probe found: ready or not, and what keeps the program busy on its way there (crash recovery)."""

    ready: bool
    busy_with: str | None = None


@dataclass(frozen=True, slots=True)
class OsUser:
    """Whom a child runs as, where that is not whom we run as."""

    name: str
    uid: int
    gid: int


async def _nothing_to_prepare() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Program:
    """What to start and how to know it. `announces`: it writes a line to AMENDS_READY_FD when it is ready."""

    name: str
    command: tuple[str, ...]
    log_file: Path
    probe: Callable[[], Awaitable[Answer]] | None = None
    announces: bool = False
    environment: Mapping[str, str] | None = None
    prepare: Callable[[], Awaitable[None]] = field(default=_nothing_to_prepare)
    stop_signal: Signals = SIGTERM
    ready_seconds_max: float = 60.0
    stop_seconds_max: float = 15.0
    user: OsUser | None = None
    working_directory: Path | None = None


class Child:
    """One running program. Start it again after it ended; every start is a new process."""

    def __init__(self, program: Program, *, busy: Callable[[str], None], started: Callable[[], None]) -> None:
        """`busy` hears what a slow start is doing; `started` is called as soon as there is a new pid."""
        self.program = program
        self._busy = busy
        self._started = started
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The pid of the running process, None when there is none."""
        if self._process is None or self._process.returncode is not None:
            return None
        return self._process.pid

    async def start(self) -> None:
        """Start the program and return once it is ready. Raises StartFailed; then no process is left."""
        await self.program.prepare()
        rotate(self.program.log_file)
        log_from = self.program.log_file.stat().st_size if self.program.log_file.exists() else 0
        announced = await self._spawn()
        self._started()
        try:
            await self._until_ready(announced, log_from)
        except Exception:
            await self.stop(force=True)
            raise

    async def wait(self) -> int:
        """Wait until the process ends; its exit status, negative for the signal that killed it."""
        if self._process is None:
            raise RuntimeError(f"{self.program.name} was never started")
        return await self._process.wait()

    async def stop(self, *, force: bool = False) -> bool:
        """Ask the process to end and wait; kill it when it takes too long. True when it ended by itself."""
        process = self._process
        if process is None or process.returncode is not None:
            return True
        _signal(process, SIGKILL if force else self.program.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self.program.stop_seconds_max)
        except TimeoutError:
            _signal(process, SIGKILL)
            await process.wait()
            return False
        return not force

    def kill(self) -> None:
        """End the process now, without waiting."""
        if self._process is not None and self._process.returncode is None:
            _signal(self._process, SIGKILL)

    async def _spawn(self) -> asyncio.Future[bool]:
        """Start the process; the future is True at its ready line, False if the pipe closes without."""
        environment = dict(os.environ if self.program.environment is None else self.program.environment)
        reading, writing = os.pipe()
        options: dict[str, Any] = {}
        if self.program.announces:
            environment[READY_FD] = str(writing)
            options["pass_fds"] = (writing,)
        if self.program.user is not None:
            options |= {"user": self.program.user.uid, "group": self.program.user.gid, "extra_groups": []}
        self.program.log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.program.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # Python 3.12 warns of threads at every fork with a preexec_fn; ours makes one system call.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                self._process = await asyncio.create_subprocess_exec(
                    *self.program.command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=handle,
                    stderr=handle,
                    env=environment,
                    cwd=self.program.working_directory,
                    start_new_session=True,
                    preexec_fn=_die_with_parent(self.program.stop_signal),
                    **options,
                )
        except OSError as error:
            os.close(reading)
            raise StartFailed(f"{self.program.command[0]}: {error.strerror}") from error
        finally:
            os.close(handle)
            os.close(writing)
        return _hear(reading)

    async def _until_ready(self, announced: asyncio.Future[bool], log_from: int) -> None:
        assert self._process is not None
        ended = asyncio.ensure_future(self._process.wait())
        ready = asyncio.ensure_future(self._answers(announced))
        try:
            await asyncio.wait({ended, ready}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                ready.result()
                return
            said = tail(self.program.log_file, log_from)
            raise StartFailed(f"{how_it_ended(ended.result())} before it was ready{said}")
        finally:
            for task in (ended, ready):
                task.cancel()
            await asyncio.gather(ended, ready, return_exceptions=True)
            announced.cancel()

    async def _answers(self, announced: asyncio.Future[bool]) -> None:
        program = self.program
        give_up_at = time.monotonic() + program.ready_seconds_max
        late = StartFailed(f"did not become ready within {program.ready_seconds_max:g} s; see {program.log_file}")
        if program.announces:
            try:
                said_it = await asyncio.wait_for(asyncio.shield(announced), program.ready_seconds_max)
            except TimeoutError:
                raise late from None
            if not said_it:
                # The pipe closed because the process ends; its status, awaited beside us, tells more.
                await asyncio.sleep(program.ready_seconds_max)
                raise late
        while program.probe is not None:
            answer = await program.probe()
            if answer.ready:
                return
            if answer.busy_with is not None:
                self._busy(answer.busy_with)
                give_up_at = time.monotonic() + program.ready_seconds_max
            if time.monotonic() > give_up_at:
                raise late
            await asyncio.sleep(_PROBE_SECONDS)


def how_it_ended(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def tail(log_file: Path, offset: int, *, lines_max: int = 12) -> str:
    """The last lines that the log gained since `offset`, indented, to stand under a message; "" when none."""
    try:
        with log_file.open("rb") as file:
            file.seek(max(offset, log_file.stat().st_size - 16_384))
            lines = file.read().decode(errors="replace").splitlines()[-lines_max:]
    except OSError:
        return ""
    return "".join(f"\n    {line}" for line in lines)


def rotate(log_file: Path) -> None:
    """Put a log that has grown large aside, in place of the one put aside before.

    Copied and emptied, because a running program holds it open; it appends, so it goes on at the new end.
    """
    with suppress(FileNotFoundError):
        if log_file.stat().st_size > LOG_BYTES_MAX:
            shutil.copyfile(log_file, log_file.with_name(log_file.name + ".1"))
            os.truncate(log_file, 0)


def _signal(process: asyncio.subprocess.Process, number: Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


def _die_with_parent(number: Signals) -> Callable[[], None] | None:
    if _PRCTL is None:
        return None
    prctl, parent = _PRCTL, os.getpid()

    def ask_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, number)
        # The parent may have died before the kernel was asked.
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


def _hear(reading: int) -> asyncio.Future[bool]:
    loop = asyncio.get_running_loop()
    announced: asyncio.Future[bool] = loop.create_future()

    def readable() -> None:
        line = os.read(reading, 64)
        loop.remove_reader(reading)
        os.close(reading)
        if not announced.done():
            announced.set_result(bool(line))

    os.set_blocking(reading, False)
    loop.add_reader(reading, readable)
    return announced
