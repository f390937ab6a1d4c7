"""`python -m amends_workflow rebuild`: the rebuild as a program, with a progress bar at a terminal."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from amends_domain.clocks import UnknownPolicy
from amends_domain.event_codec import UnknownEventType
from amends_domain.evolve import BrokenStream
from amends_platform.policy.book import AlteredPolicy
from amends_platform.settings import Settings, SettingsError
from amends_store.errors import StoreError
from amends_store.outages import is_outage
from amends_workflow.rebuild import SEARCH_PATH, OnProgress, Rebuild, RebuildRunning

_BAD, _WRONG_USAGE, _UNREACHABLE = 1, 2, 3
_CONNECT_SECONDS_MAX = 10.0


def main() -> int:
    """Rebuild the read model of the database in the settings. Returns the exit code."""
    try:
        settings = Settings.load()
    except SettingsError as error:
        return _say(str(error), _WRONG_USAGE)
    if settings.database_url is None:
        return _say("AMENDS_DATABASE_URL: rebuild needs a database", _WRONG_USAGE)
    began = time.monotonic()
    try:
        with _progress() as on_progress:
            position = asyncio.run(_rebuild(settings.database_url, on_progress))
    except (RebuildRunning, BrokenStream, UnknownEventType, UnknownPolicy, AlteredPolicy, StoreError) as error:
        return _say(f"The read model was not rebuilt, and is as it was: {error}", _BAD)
    except asyncpg.InsufficientPrivilegeError as error:
        return _say(f"Rebuilding replaces tables, so connect as their owner, as for `amends migrate`: {error}", _BAD)
    except asyncpg.UndefinedTableError:
        return _say("This database has no read model yet: run `amends migrate` first.", _BAD)
    except Exception as error:
        if not is_outage(error):
            raise
        return _say(f"The database cannot be reached: {error or type(error).__name__}", _UNREACHABLE)
    took_seconds = time.monotonic() - began
    rate = round(position / took_seconds) if position else 0
    print(f"Read model rebuilt up to position {position:,} in {took_seconds:.1f} s ({rate:,} events/s).")
    return 0


async def _rebuild(database_url: str, on_progress: OnProgress) -> int:
    conn = await asyncpg.connect(
        database_url,
        timeout=_CONNECT_SECONDS_MAX,
        server_settings={
            "application_name": "amends_rebuild",
            "search_path": SEARCH_PATH,
            "timezone": "UTC",
            "jit": "off",
        },
    )
    try:
        return await Rebuild(conn, on_progress).run()
    finally:
        await conn.close()


@contextmanager
def _progress() -> Iterator[OnProgress]:
    if not sys.stderr.isatty():
        yield lambda _position, _head: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("rebuilding"), BarColumn(), MofNCompleteColumn(), TextColumn("events"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("rebuilding", total=None)
        yield lambda position, head: progress.update(task, completed=position, total=head)


def _say(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
