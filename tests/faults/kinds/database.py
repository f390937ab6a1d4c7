"""What befalls PostgreSQL: sessions that die or hang, no room, no connection, locks, and a clock that is set."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import asyncpg

from tests.faults.kinds.kind import LONG, Fault, Kind
from tests.faults.world import World

_ROLES: Final = ("amends_intake", "amends_workflow", "amends_notifier")
# What waits for these, waits long; nothing but the last says so.
_LOCKS: Final = {
    "the-log": "SELECT lock_log()",
    "timers": "LOCK timers IN ACCESS EXCLUSIVE MODE",
    "cases": "LOCK cases IN SHARE MODE",
    "receipts": "LOCK hashed_receipts IN SHARE MODE",
    "checkpoints": "LOCK checkpoints IN SHARE MODE",
    "an-old-snapshot": "SELECT count(*) FROM events",
}
_STEPS: Final = {"forward-5s": 5.0, "forward-1h": 3600.0, "back-2s": -2.0, "back-5s": -5.0}


async def _a_backend(world: World, role: str) -> int | None:
    async with world.database() as connection:
        # The one that is at work, if one is: it hurts most.
        pid: int | None = await connection.fetchval(
            "SELECT pid FROM pg_stat_activity WHERE application_name = $1 ORDER BY state, state_change DESC LIMIT 1",
            role,
        )
        return pid


@asynccontextmanager
async def _backend_killed(world: World, fault: Fault) -> AsyncIterator[None]:
    """kill -9 of one: PostgreSQL ends all sessions, and recovers."""
    if (pid := await _a_backend(world, fault.victim)) is not None:
        world.interrupt_process(signal.SIGKILL, pid)
    yield


@asynccontextmanager
async def _backend_hung(world: World, fault: Fault) -> AsyncIterator[None]:
    pid = await _a_backend(world, fault.victim)
    with world.hung(*(() if pid is None else (pid,))):
        yield


@asynccontextmanager
async def _sessions_ended(world: World, fault: Fault) -> AsyncIterator[None]:
    async with world.database() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", fault.victim
        )
    yield


@asynccontextmanager
async def _immediate_restart(world: World, fault: Fault) -> AsyncIterator[None]:
    world.interrupt(signal.SIGQUIT, fault.victim)
    yield


@asynccontextmanager
async def _disk_full(world: World, fault: Fault) -> AsyncIterator[None]:
    if world.disk is None:
        yield
        return
    with world.disk.full():
        yield


@asynccontextmanager
async def _connections_exhausted(world: World, fault: Fault) -> AsyncIterator[None]:
    """Every connection that is not taken, and each that is given back meanwhile."""
    taken: list[asyncpg.Connection] = []
    taking = asyncio.create_task(_take_connections(world, taken))
    try:
        yield
    finally:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
        for connection in taken:
            connection.terminate()


async def _take_connections(world: World, taken: list[asyncpg.Connection]) -> None:
    while True:
        try:
            taken.append(await asyncpg.connect(world.database_url, timeout=5))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _locked(world: World, fault: Fault) -> AsyncIterator[None]:
    """A transaction that holds something and is in no hurry."""
    async with world.database() as connection:
        # Another fault may end the session before we do.
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            await connection.execute(_LOCKS[fault.victim], timeout=5)
        yield


@asynccontextmanager
async def _clock_set(world: World, fault: Fault) -> AsyncIterator[None]:
    """The database's clock steps, and steps back in the end."""
    await _set_clock(world, _STEPS[fault.victim])
    try:
        yield
    finally:
        await _set_clock(world, 0.0)


async def _set_clock(world: World, seconds: float) -> None:
    moved = f"clock_timestamp() + interval '{seconds} seconds'" if seconds else "clock_timestamp()"
    while True:
        try:
            async with world.database() as connection:
                await connection.execute(
                    f"CREATE OR REPLACE FUNCTION log_now() RETURNS timestamptz LANGUAGE sql VOLATILE RETURN {moved}"
                )
            return
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(0.05)


DATABASE: Final = (
    Kind("backend-killed", _ROLES, _backend_killed),
    Kind("backend-hung", _ROLES, _backend_hung, weight=6),
    Kind("sessions-ended", _ROLES, _sessions_ended, seconds=(0.0, 0.1)),
    Kind("immediate-restart", ("postgres",), _immediate_restart),
    Kind("disk-full", ("postgres",), _disk_full, weight=3),
    Kind("connections-exhausted", ("postgres",), _connections_exhausted, weight=3),
    Kind("locked", tuple(_LOCKS), _locked, weight=6),
    Kind("locked-for-long", tuple(_LOCKS), _locked, seconds=LONG, weight=1),
    Kind("clock-set", tuple(_STEPS), _clock_set, weight=4),
)
