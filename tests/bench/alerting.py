"""From the commit to NATS: how long after an event is durable its message arrives at a subscriber."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from nats.aio.client import Client

from amends_domain.events import ComplaintReceived
from amends_platform.broker_address import BrokerAddress
from amends_platform.hints import Hints
from amends_platform.recorded import new_event
from amends_platform.sealing import CustomerKey
from amends_store.append import Appender
from amends_store.records import Append, Appended
from tests.bench.measuring import Contender, Figures, Outcome, Plan, percentile, take_turns
from tests.bench.servers import Bench
from tests.support.keys import a_key
from tests.support.notifying import connected, notifier_program

EVENTS_PER_SECOND = 500
OURS = "Amends notifier"
_SUBJECTS = "amends.v1.>"
_ARRIVAL_SECONDS_MAX = 30.0

ABOUT = f"""
{EVENTS_PER_SECOND} events a second are appended one by one, at an even pace, whatever becomes of the earlier ones. The
clock of an event starts when its caller learns that it is durable, and stops when its message reaches a subscriber: one
of core NATS, which the broker serves as soon as it has the message, and a JetStream consumer, which it serves once the
message is stored, synced to the disk (`sync_interval: always`). The notifier is a process of its own, woken by hints.
"""


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    async with bench.database() as database:
        notifier = notifier_program(database, bench.nats_url, log_file=bench.directory / "notifier.log")
        hints = Hints(BrokerAddress(bench.nats_url), "default")
        hints.start()
        appender = Appender(await database.pool("amends_intake"), on_commit=hints.send)
        await notifier.start()
        try:
            async with connected(bench.nats_url) as client:
                arrivals = Arrivals()
                await arrivals.subscribe(client)
                key = a_key("C-10482")
                contender = Contender(OURS, lambda: _even_pace(appender, arrivals, key, plan.seconds))
                rounds = await take_turns([contender], plan.rounds, on_step)
        finally:
            await appender.aclose()
            await hints.aclose()
            await notifier.stop()
    return rounds.outcome(
        "From the commit to NATS", ABOUT, rounds.figure(OURS, "JetStream p99 ms", aim=50, at_most=True)
    )


class Arrivals:
    """When each message arrived, by the event's id, at either kind of subscriber."""

    def __init__(self) -> None:
        self.at_core: dict[str, float] = {}
        self.at_consumer: dict[str, float] = {}
        self._grown = asyncio.Event()

    async def subscribe(self, client: Client) -> None:
        """Hear everything from now on; the notifier has made the stream."""
        await client.subscribe(_SUBJECTS, cb=self._hear(self.at_core))
        await client.jetstream().subscribe(_SUBJECTS, cb=self._hear(self.at_consumer), ordered_consumer=True)

    async def all_of(self, ids: set[str]) -> None:
        """Wait until both have heard of all of them."""
        async with asyncio.timeout(_ARRIVAL_SECONDS_MAX):
            while not (ids <= self.at_core.keys() and ids <= self.at_consumer.keys()):
                self._grown.clear()
                await self._grown.wait()

    def _hear(self, arrived: dict[str, float]) -> Callable[[Any], Any]:
        async def heard(message: Any) -> None:
            arrived.setdefault(message.headers["ce-id"], time.perf_counter())
            self._grown.set()

        return heard


async def _even_pace(appender: Appender, arrivals: Arrivals, key: CustomerKey, seconds: float) -> Figures:
    durable_at: dict[str, float] = {}

    async def give() -> None:
        command = _complaint(key)
        verdict = await appender.append(command)
        durable_at[str(command.events[0].id)] = time.perf_counter()
        assert isinstance(verdict, Appended), verdict

    begun_at = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(round(EVENTS_PER_SECOND * seconds)):
            await asyncio.sleep(begun_at + number / EVENTS_PER_SECOND - time.perf_counter())
            tasks.create_task(give())
    ended_at = time.perf_counter()
    await arrivals.all_of(set(durable_at))
    core = [arrivals.at_core[event] - at for event, at in durable_at.items()]
    consumer = [arrivals.at_consumer[event] - at for event, at in durable_at.items()]
    return {
        "events/s": len(durable_at) / (ended_at - begun_at),
        "core p50 ms": percentile(core, 50) * 1000,
        "core p99 ms": percentile(core, 99) * 1000,
        "JetStream p50 ms": percentile(consumer, 50) * 1000,
        "JetStream p99 ms": percentile(consumer, 99) * 1000,
    }


def _complaint(key: CustomerKey) -> Append:
    complaint = ComplaintReceived(
        channel="phone", branch="north-street", customer_ref=key.customer_ref, owner="a-agent"
    )
    case_id: UUID = uuid4()
    return Append(
        tenant="default",
        stream_id=case_id,
        expected_version=0,
        actor="a-agent",
        correlation_id=case_id,
        causation_id=None,
        events=(new_event(complaint, datetime.now(UTC), "ab" * 32, key),),
        receipt=None,
        data_key=None,
    )
