"""Networks that fail between two programs, each pair by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from tests.faults.kinds.kind import LONG, Fault, Kind, Strike
from tests.faults.links import Weather
from tests.faults.world import LINKS, World


def _under(weather: Weather) -> Strike:
    def strike(world: World, fault: Fault) -> AbstractAsyncContextManager[None]:
        return world.links[fault.victim].under(weather)

    return strike


@asynccontextmanager
async def _cut(world: World, fault: Fault) -> AsyncIterator[None]:
    world.links[fault.victim].cut()
    yield


NETWORK: Final = (
    Kind("cut", LINKS, _cut, seconds=(0.0, 0.1)),
    Kind("refused", LINKS, _under(Weather.REFUSING)),
    Kind("silent", LINKS, _under(Weather.SILENT), weight=6),
    Kind("silent-for-long", LINKS, _under(Weather.SILENT), seconds=LONG, weight=1),
    # The outcome of what was asked is unknown: the worst that can be done to a command.
    Kind("answers-lost", LINKS, _under(Weather.LOSING_ANSWERS), weight=10),
    Kind("slow", LINKS, _under(Weather.SLOW)),
    Kind("half-open", LINKS, _under(Weather.HALF_OPEN), weight=6),
    Kind("half-open-for-long", LINKS, _under(Weather.HALF_OPEN), seconds=LONG, weight=1),
    Kind("forgotten", LINKS, _under(Weather.FORGOTTEN), seconds=(0.0, 0.1)),
)
