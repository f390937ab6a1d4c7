"""Whom PostgreSQL runs as when we are root, which it refuses to be, and what that user must be let through.

Only the search bit (o+x) is ever added to a directory above what it needs, and read bits inside the installed
PostgreSQL. Nothing is made listable or writable.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from amends_platform.supervising.processes import OsUser, StartFailed

# The first is what the wheel's own server makes, so that both agree on one user.
_NAME: Final = "pgserver"
_ACCEPTED: Final = (_NAME, "postgres")
_TRIES: Final = 20
_TRY_AGAIN_SECONDS: Final = 0.25


class NoOsUser(StartFailed):
    """We are root, and there is no ordinary user to run PostgreSQL as, nor a way to make one."""


def user_for_postgres(data_directory: Path, say: Callable[[str], None]) -> OsUser | None:
    """Whom to run PostgreSQL as; None when we are an ordinary user. Makes the user when there is none."""
    if os.geteuid() != 0:
        return None
    if data_directory.exists() and (owner := data_directory.stat().st_uid) != 0:
        return OsUser(f"with the number {owner}", owner, data_directory.stat().st_gid)
    for name in _ACCEPTED:
        try:
            return _known(pwd.getpwnam(name))
        except KeyError:
            continue
    return _known(_make_user(say))


def let_through(path: Path, user: OsUser, say: Callable[[str], None]) -> None:
    """Let `user` reach `path`: the search bit on the directories above it that lack it."""
    for directory in path.resolve().parents:
        if _grant(directory, user, stat.S_IXOTH):
            say(f"let the user {user.name} pass through {directory} (the search bit), which PostgreSQL needs")


def let_read(installation: Path, user: OsUser, say: Callable[[str], None]) -> None:
    """Let `user` run and read what is installed below `installation`."""
    let_through(installation, user, say)
    changed = 0
    for path in (installation, *installation.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            changed += _grant(path, user, stat.S_IROTH | (stat.S_IXOTH if runs else 0))
    if changed:
        say(f"let the user {user.name} read {changed} files of the PostgreSQL in {installation}")


def _grant(path: Path, user: OsUser, bits_for_others: int) -> bool:
    """Add what is missing of the bits, in the class (owner, group, others) that the user falls into."""
    status = path.stat()
    bits = bits_for_others << (6 if status.st_uid == user.uid else 3 if status.st_gid == user.gid else 0)
    if status.st_mode & bits == bits:
        return False
    path.chmod(stat.S_IMODE(status.st_mode) | bits)
    return True


def _known(entry: pwd.struct_passwd) -> OsUser:
    return OsUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _make_user(say: Callable[[str], None]) -> pwd.struct_passwd:
    makers = {
        "useradd": ["--system", "--no-create-home", "--shell", "/bin/sh", _NAME],
        "adduser": ["-S", "-D", "-H", _NAME],  # busybox
    }
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    found = [(program, makers[maker]) for maker in makers if (program := shutil.which(maker, path=path))]
    # More than once: another process may hold the lock on the list of users, perhaps making this very user.
    for _ in range(_TRIES if found else 0):
        for program, arguments in found:
            made = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
            if made.returncode == 0:
                say(f"made the system user {_NAME}: PostgreSQL refuses to run as root")
            if _exists(_NAME):
                return pwd.getpwnam(_NAME)
        time.sleep(_TRY_AGAIN_SECONDS)
    raise NoOsUser(
        f"PostgreSQL refuses to run as root, and the user {_NAME} could not be made. "
        f"Make it (useradd --system {_NAME}), or run Amends as an ordinary user."
    )


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
