"""Three of each service sharing the work: those that lead are killed, and another takes over what they did."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from amends_platform.supervising.processes import Child
from tests.support.nats import running_nats
from tests.support.postgres import running_postgres
from tests.support.rigs import Rig, a_rig
from tests.support.scratch import scratch_directory
from tests.support.system import until

EACH = 3
COMMANDS_BETWEEN = 80
LEADS = {"workflow": "amends_projection_leading", "notifier": "amends_notifier_active"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rig() -> AsyncIterator[Rig]:
    with scratch_directory("amends-several-") as directory:
        async with running_nats(directory) as nats, running_postgres() as postgres:
            await postgres.execute("CREATE DATABASE amends")
            async with a_rig(postgres.url("amends"), nats.url, each=EACH) as running:
                yield running


async def test_all_workflows_fire_timers_and_one_keeps_the_read_model(rig: Rig) -> None:
    async with rig.load.at_work():
        await rig.load.answered(COMMANDS_BETWEEN)
        await until(lambda: everybody_fired(rig), lambda: f"not everybody fired\n{rig.fleet.output}")
    await rig.promises_were_kept()
    for service, metric in LEADS.items():
        assert sorted(map(float, await told_by_all(rig, service, metric))) == [0.0, 0.0, 1.0]


async def test_whoever_leads_is_killed_and_another_takes_over(rig: Rig) -> None:
    async with rig.load.at_work():
        for service, metric in LEADS.items():
            leader = await rig.leader(service, metric)
            await rig.load.answered(COMMANDS_BETWEEN)
            await leader.stop(force=True)
            successor = await rig.leader(service, metric)
            assert successor is not leader
            await rig.load.answered(COMMANDS_BETWEEN)
            await leader.start()
    await rig.promises_were_kept()


async def test_one_of_each_is_enough(rig: Rig) -> None:
    killed: list[Child] = [program for programs in rig.programs.values() for program in programs[1:]]
    async with rig.load.at_work():
        await rig.load.answered(COMMANDS_BETWEEN)
        for program in killed:
            await program.stop(force=True)
        await rig.load.answered(COMMANDS_BETWEEN)
    # Projected, fired and published by those that are left.
    await rig.promises_were_kept()
    for program in killed:
        await program.start()


async def everybody_fired(rig: Rig) -> bool:
    return all(count > 0 for count in await told_by_all(rig, "workflow", "amends_timers_fired_total"))


async def told_by_all(rig: Rig, service: str, metric: str) -> list[float]:
    answers = await rig.told(service, metric)
    assert None not in answers, f"somebody does not answer\n{rig.fleet.output}"
    return [answer for answer in answers if answer is not None]
