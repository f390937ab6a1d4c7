"""A run: clients at work, faults that strike by their progress, calm now and then, in which the history is judged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final

from tests.faults.consumer import Consumer, consuming
from tests.faults.kinds import KINDS
from tests.faults.kinds.kind import Fault
from tests.faults.kinds.poison import POISON_CLOCK
from tests.faults.world import World, running_world
from tests.support.hasty import HASTY
from tests.support.judging.history import TIMERS, History, Said
from tests.support.judging.judge import judge
from tests.support.judging.recording import history_of
from tests.support.load import Load
from tests.support.system import until
from tests.support.tailing import Tail, tailing

CALM_EVERY: Final = 20
CLIENTS: Final = 12
# Parts of the commands: enough of each in every calm to matter.
_TWICE: Final = 0.1
_STALE: Final = 0.05
_AFTER_THE_LAST: Final = 50
# Of the newest commands, among which are those that wait for an answer.
_UNDER_WAY: Final = 10 * CLIENTS


@dataclass(frozen=True)
class Recovery:
    """How long it took from the end of a fault to the next acknowledged write, and to the next timer that fired."""

    kind: str
    write_seconds: float
    fire_seconds: float


@dataclass
class Run:
    """What a run has come to so far. `broken`: the promises that were, a sentence each."""

    struck: int = 0
    commands: int = 0
    events: int = 0
    recoveries: list[Recovery] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    history: History | None = field(default=None, repr=False)


class Bench:
    """Plays schedules on one world, whose history only grows. `told` hears of every step."""

    def __init__(self, world: World, tail: Tail, consumer: Consumer, *, seed: int, told: Callable[[Run], None]) -> None:
        self.run = Run()
        self.world = world
        self._tail = tail
        self._consumer = consumer
        self._told = told
        self._load = Load(world, seed=seed, clients=CLIENTS, twice=_TWICE, stale=_STALE)

    async def play(self, faults: Sequence[Fault]) -> Run:
        """All of it, or until a promise is broken. What never comes back is a broken promise, too."""
        try:
            for first in range(0, len(faults), CALM_EVERY):
                await self._play(faults[first : first + CALM_EVERY])
                await self._judge()
                if self.run.broken:
                    break
        except (AssertionError, TimeoutError) as error:
            self.run.broken.append(str(error) or repr(error))
        return self.run

    async def _play(self, faults: Sequence[Fault]) -> None:
        async with self._load.at_work():
            lasting: dict[Fault, asyncio.Task[None]] = {}
            try:
                for fault in faults:
                    if not fault.beside or any(_is_of_one_thing(fault, each) for each in lasting):
                        await asyncio.gather(*lasting.values())
                        lasting.clear()
                    await self._load.answered(fault.after)
                    lasting[fault] = asyncio.create_task(self._strike(fault))
                await asyncio.gather(*lasting.values())
            finally:
                for task in lasting.values():
                    task.cancel()
                await asyncio.gather(*lasting.values(), return_exceptions=True)
            await self.world.everybody_is_back()
            await self._load.answered(_AFTER_THE_LAST)

    async def _strike(self, fault: Fault) -> None:
        async with KINDS[fault.kind].strike(self.world, fault):
            await asyncio.sleep(fault.seconds)
        self.run.recoveries.append(await self._recovery(fault))
        self.run.struck += 1
        self._tell()

    async def _recovery(self, fault: Fault) -> Recovery:
        healed_at, seen = time.monotonic(), len(self._tail.seen)
        written_at = fired_at = 0.0

        def is_over() -> bool:
            nonlocal written_at, fired_at
            taken = (each.taken.answered_at for each in self._load.commands[-_UNDER_WAY:] if each.taken is not None)
            written_at = written_at or min((at for at in taken if at > healed_at), default=0.0)
            fires = any(each.actor == TIMERS for each in self._tail.seen[seen:])
            fired_at = fired_at or (time.monotonic() if fires else 0.0)
            return bool(written_at and fired_at)

        await until(is_over, lambda: f"nothing is written, or nothing fires, after {fault}\n{self.world.output}")
        return Recovery(fault.kind, written_at - healed_at, fired_at - healed_at)

    async def examine(self) -> Run:
        """Let our own tools look for faults, too: for the end, since they look at everything."""
        said = []
        # What is planted in the stream is what `amends replay` is there to find.
        for command in ("verify",) if self.world.planted else ("verify", "replay"):
            ended = await self.world.run(command)
            said.append(Said(f"amends {command}", ended.status, ended.output + ended.error))
        await self._judge(said)
        return self.run

    async def _judge(self, said: Sequence[Said] = ()) -> None:
        await self.world.quiet()
        history = await history_of(self.world, self._load.commands, await self._tail.caught_up())
        history = replace(
            history,
            delivered=tuple(await self._consumer.caught_up()),
            said=said,
            planted=frozenset(self.world.planted),
            poisoned=frozenset({POISON_CLOCK}),
        )
        self.run.history, self.run.events = history, len(history.log)
        self.run.broken += map(str, judge(history))
        self._tell()

    def _tell(self) -> None:
        self.run.commands = self._load.answers
        with suppress(OSError):
            self._told(self.run)


def _is_of_one_thing(one: Fault, other: Fault) -> bool:
    """They would undo one another."""
    return one.victim == other.victim or one.kind == other.kind


@asynccontextmanager
async def running_bench(seed: int, told: Callable[[Run], None]) -> AsyncIterator[Bench]:
    """A bench with a new world."""
    async with (
        running_world(HASTY) as world,
        tailing(world.database_url) as tail,
        consuming(world.nats_url) as consumer,
    ):
        yield Bench(world, tail, consumer, seed=seed, told=told)
