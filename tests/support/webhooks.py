"""A stream to tell of, webhooks that tell of it at the speed of tests, and what they came to.

Run as a program with a file, a broker and a tenant: webhooks alone, to be killed.
"""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from nats.aio.client import Client
from nats.js import JetStreamContext
from prometheus_client import CollectorRegistry

from amends_notifier.stream import STREAM, ensure_stream
from amends_notifier.webhooks.metrics import WebhookMetrics
from amends_notifier.webhooks.schedule import Schedule
from amends_notifier.webhooks.service import Webhooks
from amends_platform.broker_address import BrokerAddress
from amends_platform.supervising.processes import Child, Program
from amends_platform.supervising.readiness import announce_ready
from amends_platform.webhooks.consumers import durable_name
from amends_platform.webhooks.dead_letters import DeadLetter, dead_letters
from tests.support.notifying import connected, until

SECRET = "whsec_" + base64.b64encode(b"a secret that only tests know of").decode()
NEWER_SECRET = "whsec_" + base64.b64encode(b"and the one that takes its place").decode()
ROOT = Path(__file__).parents[2]
QUICK = Schedule(first_seconds=0.01, factor=1.0, attempts_max=3, hold_seconds_max=5.0, unburied_seconds=0.05)


@dataclass
class Told:
    """A tenant's messages on the stream, and the webhooks that tell of them."""

    client: Client
    nats_url: str
    tenant: str
    path: Path
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self._metrics = WebhookMetrics(self.registry)

    @property
    def js(self) -> JetStreamContext:
        return self.client.jetstream()

    def write(self, *endpoints: dict[str, Any]) -> None:
        """The file: what is not said is a secret of ours, and that this machine may be told."""
        common = {"secret": SECRET, "allow_http": True, "allow_private": True}
        document = {"endpoints": [common | {"name": "crm"} | endpoint for endpoint in endpoints]}
        self.path.write_text(json.dumps(document), encoding="utf-8")

    async def tell(self, about: str = "breach.apology", case: str = "c-1", branch: str = "north-street") -> str:
        """Publish a message as the notifier does; the id it has."""
        message_id = str(uuid4())
        kind, _, name = about.partition(".")
        types = {"reminder": "reminder-issued", "breach": "deadline-breached", "escalation": "case-escalated"}
        headers = {
            "Nats-Msg-Id": message_id,
            "ce-id": message_id,
            "ce-type": types.get(kind, name),
            "ce-subject": case,
            "ce-time": "2026-03-02T02:00:00Z",
        }
        payload = json.dumps({"case_id": case, "branch": branch, "clock": name}).encode()
        await self.js.publish(f"amends.v1.{self.tenant}.{about}", payload, stream=STREAM, headers=headers)
        return message_id

    @asynccontextmanager
    async def telling(self, schedule: Schedule = QUICK, *, ack_wait_seconds: float = 30.0) -> AsyncIterator[Webhooks]:
        """Webhooks at work, each of the file's endpoints with a consumer; stopped at the end."""
        webhooks = Webhooks(
            self.path,
            BrokerAddress(self.nats_url),
            tenant=self.tenant,
            replicas=1,
            metrics=self._metrics,
            schedule=schedule,
            ack_wait_seconds=ack_wait_seconds,
            look_seconds=0.05,
        )
        webhooks.start()
        try:
            for endpoint in json.loads(self.path.read_text("utf-8"))["endpoints"]:
                await self.has_consumer(endpoint["name"])
            yield webhooks
        finally:
            await webhooks.stop(5.0)

    async def has_consumer(self, endpoint: str) -> None:
        name = durable_name(self.tenant, endpoint)

        async def there() -> bool:
            return name in {info.name for info in await self.js.consumers_info(STREAM)}

        await until(there, f"{endpoint} got no consumer")

    async def settled(self, endpoint: str = "crm") -> None:
        """Wait until nothing is left for the endpoint to take."""

        async def nothing_left() -> bool:
            info = await self.js.consumer_info(STREAM, durable_name(self.tenant, endpoint))
            return not info.num_pending and not info.num_ack_pending

        await until(nothing_left, f"{endpoint} did not settle everything")

    async def dead(self, endpoint: str | None = None) -> list[DeadLetter]:
        return [letter async for letter in dead_letters(self.js, self.tenant, endpoint)]

    def counted(self, name: str, endpoint: str = "crm") -> float:
        return self.registry.get_sample_value(f"amends_webhooks_{name}", {"endpoint": endpoint}) or 0.0


@asynccontextmanager
async def told_at(nats_url: str, path: Path) -> AsyncIterator[Told]:
    async with connected(nats_url) as client:
        await ensure_stream(client.jetstream(), 1)
        yield Told(client, nats_url, f"t{uuid4().hex[:8]}", path)


def webhooks_program(told: Told, *, log_file: Path) -> Child:
    """Webhooks as a process of their own."""
    command = (sys.executable, "-m", "tests.support.webhooks", str(told.path), told.nats_url, told.tenant)
    program = Program("webhooks", command, log_file=log_file, announces=True, working_directory=ROOT)
    return Child(program, busy=_nothing, started=_nothing)


async def _serve(path: Path, nats_url: str, tenant: str) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    metrics = WebhookMetrics(CollectorRegistry())
    webhooks = Webhooks(
        path,
        BrokerAddress(nats_url),
        tenant=tenant,
        replicas=1,
        metrics=metrics,
        schedule=QUICK,
        ack_wait_seconds=0.5,
    )
    webhooks.start()
    announce_ready()
    await stopping.wait()
    await webhooks.stop(5.0)


def _nothing(*_: str) -> None:
    return None


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
