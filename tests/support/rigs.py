"""A fleet of services under load, on servers that the test brings and troubles."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType

import httpx

from amends_platform.supervising.processes import Child
from tests.support.hasty import HASTY
from tests.support.judging.history import History
from tests.support.judging.judge import judge
from tests.support.judging.recording import history_of
from tests.support.load import Load
from tests.support.releases import ROOT, SERVICES, Fleet
from tests.support.scratch import scratch_directory
from tests.support.system import until
from tests.support.tailing import Tail, tailing

SEED = int(os.environ.get("AMENDS_TEST_SEED", "20260301"))
_CLIENTS = 8


@dataclass
class Rig:
    """Its history only grows. `programs` are the services by kind, of which any may be dead."""

    fleet: Fleet
    load: Load
    tail: Tail
    programs: Mapping[str, list[Child]]

    async def history(self) -> History:
        """What is known once all is quiet."""
        await self.fleet.quiet()
        return await history_of(self.fleet, self.load.commands, await self.tail.caught_up())

    async def promises_were_kept(self) -> None:
        broken = judge(await self.history())
        told = "\n".join(map(str, broken[:30]))
        assert not broken, f"{len(broken)} promises broken (AMENDS_TEST_SEED={SEED}):\n{told}\n{self.fleet.output}"

    async def told(self, service: str, metric: str) -> list[float | None]:
        """What each process of the service says of itself; None where one does not answer."""
        return await asyncio.gather(*(_told(self.fleet.port_of(each), metric) for each in self.programs[service]))

    async def leader(self, service: str, metric: str) -> Child:
        """The one process whose metric is 1, once there is one."""

        async def found() -> bool:
            return 1.0 in await self.told(service, metric)

        await until(found, lambda: f"no {service} says {metric}\n{self.fleet.output}")
        return self.programs[service][(await self.told(service, metric)).index(1.0)]


@asynccontextmanager
async def a_rig(
    database_url: str, nats_url: str, *, each: int = 1, settings: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Rig]:
    """So many of each service, on an empty database and a broker without the stream; clients have yet to begin."""
    with scratch_directory("amends-rig-") as directory:
        fleet = Fleet(directory, database_url, nats_url, HASTY, settings)
        await fleet.prepare_this_release()
        async with fleet.open():
            started = await asyncio.gather(*(fleet.start(ROOT, f"no-{n}") for n in range(1, each + 1)))
            programs = {service: [ones[place] for ones in started] for place, service in enumerate(SERVICES)}
            async with tailing(database_url) as tail:
                yield Rig(fleet, Load(fleet, seed=SEED, clients=_CLIENTS), tail, programs)


async def _told(port: int, metric: str) -> float | None:
    try:
        async with httpx.AsyncClient(timeout=2) as client:
            answer = await client.get(f"http://127.0.0.1:{port}/metrics")
    except httpx.TransportError:
        return None
    found = re.search(rf"^{metric} (\S+)$", answer.text, re.MULTILINE)
    return None if found is None else float(found[1])
