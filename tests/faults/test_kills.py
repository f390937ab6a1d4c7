"""kill -9 of every process while clients work: nothing acknowledged is lost, nothing happens twice, all gets out."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from tests.faults.consumer import Consumer, consuming
from tests.support.hasty import HASTY
from tests.support.judging.history import History, Said
from tests.support.judging.judge import judge
from tests.support.judging.recording import history_of
from tests.support.load import Load
from tests.support.system import PROGRAMS, System, running_system
from tests.support.tailing import Tail, tailing

# What the clients do follows from it. The kills come at their own moments, so the same seed is not the same run.
SEED = int(os.environ.get("AMENDS_TEST_SEED", "20260301"))
CLIENTS = 12
# Enough for every client to be at work on several cases, and for some clocks to be running out.
COMMANDS_BETWEEN = 120


@dataclass
class Rig:
    """A system under load that is killed again and again. Its history only grows."""

    system: System
    load: Load
    tail: Tail
    consumer: Consumer

    async def history(self) -> History:
        """What is known once all is quiet."""
        await self.system.quiet()
        history = await history_of(self.system, self.load.commands, await self.tail.caught_up())
        return replace(history, delivered=tuple(await self.consumer.caught_up()))

    async def so_far(self) -> History:
        """What is known while all goes on."""
        return await history_of(self.system, self.load.commands, list(self.tail.seen), is_quiet=False)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rig() -> AsyncIterator[Rig]:
    async with (
        running_system(HASTY) as system,
        tailing(system.database_url) as tail,
        consuming(system.nats_url) as consumer,
    ):
        yield Rig(system, Load(system, seed=SEED, clients=CLIENTS), tail, consumer)


def promises_were_kept(history: History) -> None:
    broken = judge(history)
    assert not broken, f"{len(broken)} promises broken (AMENDS_TEST_SEED={SEED}):\n" + "\n".join(map(str, broken[:30]))


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_killed_program_loses_and_repeats_nothing(rig: Rig, program: str) -> None:
    async with rig.load.at_work():
        await rig.load.answered(COMMANDS_BETWEEN)
        await rig.system.kill(program)
        promises_were_kept(await rig.so_far())
        await rig.load.answered(COMMANDS_BETWEEN)
    promises_were_kept(await rig.history())


async def test_nor_do_all_of_them_killed_at_once(rig: Rig) -> None:
    async with rig.load.at_work():
        await rig.load.answered(COMMANDS_BETWEEN)
        await rig.system.kill(*PROGRAMS)
        await rig.load.answered(COMMANDS_BETWEEN)
    promises_were_kept(await rig.history())
    await the_first_answers_are_given_again(rig)
    promises_were_kept(replace(await rig.history(), said=[await said_by(rig, each) for each in ("verify", "replay")]))


async def test_what_follows_the_log_may_hang_and_intake_works_on(rig: Rig) -> None:
    async with rig.load.at_work():
        with rig.system.hung("workflow", "notifier", "nats"):
            await rig.load.answered(COMMANDS_BETWEEN)
    promises_were_kept(await rig.history())


async def the_first_answers_are_given_again(rig: Rig) -> None:
    head = await rig.system.head()
    taken = [command for command in rig.load.commands if command.taken is not None]
    for command in random.Random(SEED).sample(taken, 100):
        await rig.load.again(command)
    assert await rig.system.head() == head


async def said_by(rig: Rig, command: str) -> Said:
    """How a command of our own ends that looks for faults."""
    ended = await rig.system.run(command)
    return Said(command, ended.status, ended.output + ended.error)
