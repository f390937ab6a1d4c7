"""What is done on a stage to bring a mistake out. Without the mistake each of them breaks no promise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from tests.faults.planted.stage import Stage

Scenario = Callable[[Stage], Awaitable[None]]

# What must not happen has so long to happen: a mistaken process is quicker.
_FOR_A_MISTAKE_SECONDS = 1.0
_AT_HEAD = "SELECT position = (SELECT position FROM log_head) FROM checkpoints WHERE name = $1"


async def everything_twice_at_once(stage: Stage) -> None:
    """Every command is sent twice at the same time, to two processes."""
    await stage.start("intake-1", "intake-2", "workflow-1", "notifier-1")
    load = stage.clients(twice=1.0)
    async with load.at_work():
        await load.answered(80)


async def many_writers(stage: Stage) -> None:
    """Two processes write as fast as they can, beside the timers."""
    await stage.start("intake-1", "intake-2", "workflow-1", "workflow-2", "notifier-1")
    load = stage.clients()
    async with load.at_work():
        await load.answered(150)


async def everybody_about_one_case(stage: Stage) -> None:
    """Many people record their calls on one case, through two processes that both remember it."""
    await stage.start("intake-1", "intake-2", "workflow-1", "notifier-1")
    case = await stage.receive()
    for _ in range(4):
        await asyncio.gather(*(stage.call(case) for _ in range(8)))


async def clocks_run_out_while_the_projection_hangs(stage: Stage) -> None:
    """One process keeps the read model and hangs; another fires timers that were made before one clock was met, and one
    extended; the third clock has run out."""
    await stage.start("intake-1", "workflow-1", "notifier-1")
    met, extended, missed = [await stage.receive() for _ in range(3)]
    await stage.until(_AT_HEAD, "read-model")
    await stage.start("workflow-2")
    with stage.hung("workflow-1"):
        await stage.apologize(met)
        due = next(
            datetime.fromisoformat(each["due_at"]) for each in extended["deadlines"] if each["kind"] == "callback"
        )
        await stage.call(extended, agreed_callback_at=(due + timedelta(hours=12)).isoformat(), events=2)
        await stage.move_clock(hours=4)
        await stage.until("SELECT EXISTS (SELECT FROM events WHERE stream_id = $1 AND version = 2)", missed["id"])
        await asyncio.sleep(_FOR_A_MISTAKE_SECONDS)


async def the_notifier_dies_with_the_broker(stage: Stage) -> None:
    """Nothing that was sent to it has reached the broker's disk."""
    await stage.start("intake-1", "workflow-1", "notifier-1")
    await stage.receive()
    await stage.until(_AT_HEAD, "notifier")
    with stage.hung("nats"):
        for _ in range(5):
            await stage.receive()
        await stage.unless(_AT_HEAD, "notifier")
        await stage.kill("notifier-1")
        await stage.nats.kill()
    await stage.nats.start()
    await stage.start("notifier-2")


async def the_timers_die_once_the_world_was_told(stage: Stage) -> None:
    """The process that fires is killed as soon as the stream holds a breach."""
    stage.gate.touch()
    await stage.start("intake-1", "workflow-1", "notifier-1")
    await stage.receive()
    await stage.until(_AT_HEAD, "read-model")
    await stage.move_clock(hours=4)
    await stage.told("breach.apology")
    await stage.kill("workflow-1")
    stage.gate.unlink()
    await stage.start("workflow-2")


async def postgres_dies_at_once_after_an_answer(stage: Stage) -> None:
    """kill -9, in the moment in which clients have just been told that it is done."""
    await stage.start("intake-1", "workflow-1", "notifier-1")
    load = stage.clients()
    async with load.at_work():
        for _ in range(3):
            await load.answered(20)
            await stage.postgres.kill()
            await stage.postgres.start()
        await load.answered(20)


async def the_projection_dies_before_it_has_written(stage: Stage) -> None:
    """It is held up by a lock on what it writes, and killed there."""
    await stage.start("intake-1", "workflow-1", "notifier-1")
    case = await stage.receive()
    await stage.until(_AT_HEAD, "read-model")
    async with stage.locked("LOCK cases IN SHARE MODE"):
        await stage.receive()
        await stage.apologize(case)
        await stage.unless(_AT_HEAD, "read-model")
        await stage.kill("workflow-1")
    await stage.start("workflow-2")


async def hints_are_lost(stage: Stage) -> None:
    """What is recorded while the broker is away is hinted at to nobody: whoever would have is gone when it is back."""
    await stage.start("intake-1", "workflow-1", "notifier-1")
    await stage.receive()
    await stage.until(_AT_HEAD, "read-model")
    await stage.until(_AT_HEAD, "notifier")
    await stage.nats.kill()
    for _ in range(3):
        await stage.receive()
    await stage.kill("intake-1")
    await stage.nats.start()


async def the_broker_takes_nothing_for_a_while(stage: Stage) -> None:
    """Every message of a case is refused, again and again, each at its own time, until all are taken."""
    await stage.start("intake-1", "workflow-1", "notifier-1")
    case = await stage.receive()
    await stage.until(_AT_HEAD, "notifier")
    async with stage.taking_nothing():
        for _ in range(12):
            await stage.call(case)
        await asyncio.sleep(_FOR_A_MISTAKE_SECONDS)
