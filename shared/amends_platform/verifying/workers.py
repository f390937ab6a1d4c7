"""Ranges are checked side by side: each by a process with a connection of its own, since hashing needs a processor."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import NamedTuple

import asyncpg

from amends_platform.auditing import auditor_connection
from amends_platform.evidence.notes import Verifier
from amends_platform.failures import Failure
from amends_platform.verifying.ranges import RangeFound, check_range
from amends_store.merkle import Span


class Task(NamedTuple):
    """What a worker needs to know to check a range; see `check_range`."""

    database_url: str
    vkeys: Collection[str]
    newest: int
    span: Span
    sizes: Collection[int]


Check = Callable[[Task], Awaitable[RangeFound]]


@contextmanager
def checking(jobs: int) -> Iterator[Check]:
    """A function that checks a range, in one of so many processes; with one job, in this one."""
    if jobs == 1:
        yield _check
        return
    # Spawned: a forked process would share our connection.
    workers = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=_start)
    try:
        yield lambda task: asyncio.wrap_future(workers.submit(_run, task))
    except BrokenProcessPool as error:
        raise Failure("A process that was reading the log died: was it killed, or out of memory?") from error
    finally:
        workers.shutdown(cancel_futures=True)


def _start() -> None:
    """Ctrl-C is for who started us; and when that is killed, nobody waits for what we find."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _run(task: Task) -> RangeFound:
    return asyncio.run(_check(task))


async def _check(task: Task) -> RangeFound:
    keys = [Verifier.from_vkey(vkey) for vkey in task.vkeys]
    try:
        async with auditor_connection(task.database_url) as conn:
            return await check_range(conn, task.span, task.sizes, task.newest, keys)
    except asyncpg.PostgresError as error:
        # Such as a page of the disk that is not what was written.
        first, last = task.span.first + 1, task.span.end
        raise Failure(f"The events from position {first:,} to {last:,} cannot be read: {error}") from error
