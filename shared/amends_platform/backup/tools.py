"""PostgreSQL's own pg_dump and pg_restore: those on the PATH, else the ones beside the embedded server."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode

from amends_platform.embedded.postgres import binaries
from amends_platform.failures import Failure
from amends_platform.settings import masked
from amends_platform.supervising.processes import StartFailed
from amends_store.url_parts import url_parts

_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")
_SAID_CHARACTERS_MAX: Final = 2_000


class ToolFailed(Failure):
    """A tool of PostgreSQL's did not do its work."""


async def tool(name: str, major: int) -> Path:
    """The program of this name, of PostgreSQL `major` or newer. Raises Failure where there is none."""
    passed_over = []
    # One on the PATH was installed for this: it speaks TLS, which the embedded one does not.
    for path in _candidates(name):
        found = await _major_of(path)
        if found is not None and found >= major:
            return path
        passed_over.append(f"{path} is of PostgreSQL {found}")
    there_is = "; ".join(passed_over) or "there is none"
    raise Failure(
        f"{name} of PostgreSQL {major} or newer is needed, and {there_is}. Install postgresql-client-{major}, or "
        "amends[embedded]."
    )


async def run_tool(program: Path, database_url: str, *arguments: str) -> None:
    """Run it on a database to its end. Cut off, it ends as well. Raises ToolFailed with what it said."""
    url, environment = without_password(database_url)
    process = await asyncio.create_subprocess_exec(
        *(str(program), "--no-password", f"--dbname={url}", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | environment,
    )
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        words = masked(said.decode(errors="replace").strip())[-_SAID_CHARACTERS_MAX:]
        raise ToolFailed(f"{program.name} ended with status {process.returncode}: {words}")


def without_password(database_url: str) -> tuple[str, dict[str, str]]:
    """The URL as it may be shown in a list of processes, and the environment that brings the password."""
    parts = url_parts(database_url)
    user, _, password = (parts.user or "").partition(":")
    parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    password = parameters.pop("password", unquote(password))
    if "," in parts.hosts or "," in parameters.get("host", ""):
        # Of several servers the one that our own connection is to, whose snapshot it is.
        parameters.setdefault("target_session_attrs", "read-write")
    # A path of a socket stands in it as it is: libpq and we understand it so.
    query = urlencode(parameters, safe="/,")
    url = str(parts._replace(user=user or None, query=query))
    return url, {"PGPASSWORD": password} if password else {}


def _candidates(name: str) -> Sequence[Path]:
    found = [Path(path)] if (path := shutil.which(name)) else []
    try:
        return [*found, binaries() / name]
    except StartFailed:
        return found


async def _major_of(program: Path) -> int | None:
    try:
        process = await asyncio.create_subprocess_exec(
            str(program), "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError:
        return None
    said, _ = await process.communicate()
    version = _VERSION.search(said.decode(errors="replace"))
    return None if version is None else int(version[1])
