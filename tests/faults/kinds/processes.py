"""Processes that are killed, hang, or are told to stop."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from tests.faults.kinds.kind import LONG, Fault, Kind
from tests.faults.world import PROGRAMS, SERVICES, World

_KINDS_OF_PROGRAMS: Final = ("intake", "workflow", "notifier")


@asynccontextmanager
async def _killed(world: World, fault: Fault) -> AsyncIterator[None]:
    with world.down(fault.victim):
        yield


@asynccontextmanager
async def _killed_together(world: World, fault: Fault) -> AsyncIterator[None]:
    everything = fault.victim == "everything"
    with world.down(*(name for name in PROGRAMS if everything or name.startswith(fault.victim))):
        yield


@asynccontextmanager
async def _hung(world: World, fault: Fault) -> AsyncIterator[None]:
    pid = world.pid(fault.victim)
    with world.hung(*(() if pid is None else (pid,))):
        yield


@asynccontextmanager
async def _told_to_stop(world: World, fault: Fault) -> AsyncIterator[None]:
    world.interrupt(signal.SIGTERM, fault.victim)
    yield


PROCESSES: Final = (
    Kind("killed", PROGRAMS, _killed, weight=12),
    Kind("killed-together", (*_KINDS_OF_PROGRAMS, "everything"), _killed_together, weight=2),
    Kind("hung", PROGRAMS, _hung, weight=8),
    Kind("hung-for-long", PROGRAMS, _hung, seconds=LONG, weight=1),
    Kind("told-to-stop", SERVICES, _told_to_stop, weight=3),
)
