"""Watching: every alert once and in order, from when one asked, also when the broker goes away in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from nats.aio.client import Client

from amends_notifier.stream import ensure_stream
from amends_platform.alerts import Alert, Alerts
from amends_platform.broker_address import BrokerAddress
from amends_platform.failures import CannotReach
from tests.support.nats import NatsServer
from tests.support.notifying import connected

WAIT_SECONDS_MAX = 30.0


async def publish(client: Client, subject: str, reference: str) -> None:
    """An alert as the notifier publishes it."""
    await client.jetstream().publish(
        f"amends.v1.{subject}",
        json.dumps({"reference": reference, "due_at": None}).encode(),
        headers={"ce-id": uuid4().hex},
    )


@asynccontextmanager
async def hearing(alerts: Alerts) -> AsyncIterator[asyncio.Queue[Alert]]:
    """The alerts, as they come."""
    heard: asyncio.Queue[Alert] = asyncio.Queue()

    async def listen() -> None:
        async with aclosing(aiter(alerts)) as each:
            async for alert in each:
                heard.put_nowait(alert)

    listening = asyncio.create_task(listen())
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await alerts.listening.wait()
        yield heard
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def first(alerts: Alerts) -> Alert:
    return await anext(aiter(alerts))


async def next_references(heard: asyncio.Queue[Alert], count: int) -> list[str]:
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        return [(await heard.get()).payload["reference"] for _ in range(count)]


async def test_alerts_of_the_tenant_come_in_order_and_nothing_else(nats_server: NatsServer) -> None:
    async with connected(nats_server.url) as client:
        await ensure_stream(client.jetstream(), 1)
        async with hearing(Alerts(BrokerAddress(nats_server.url), "default", None)) as heard:
            for subject, reference in (
                ("default.reminder.apology", "one"),
                ("default.event.apology-given", "no alert"),
                ("other.breach.apology", "another tenant's"),
                ("default.breach.apology", "two"),
                ("default.escalation.service_admin", "three"),
            ):
                await publish(client, subject, reference)
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                alerts = [await heard.get() for _ in range(3)]
    assert [(alert.kind, alert.name, alert.payload["reference"]) for alert in alerts] == [
        ("reminder", "apology", "one"),
        ("breach", "apology", "two"),
        ("escalation", "service_admin", "three"),
    ]


async def test_what_came_before_is_heard_only_when_asked_for(nats_server: NatsServer) -> None:
    began = datetime.now(UTC)
    async with connected(nats_server.url) as client:
        await ensure_stream(client.jetstream(), 1)
        await publish(client, "default.breach.apology", "before")
        async with (
            hearing(Alerts(BrokerAddress(nats_server.url), "default", None)) as from_now,
            hearing(Alerts(BrokerAddress(nats_server.url), "default", began)) as from_then,
        ):
            await publish(client, "default.breach.apology", "after")
            assert await next_references(from_now, 1) == ["after"]
            assert await next_references(from_then, 2) == ["before", "after"]


async def test_nothing_is_missed_and_nothing_heard_twice_over_a_kill_of_the_broker(nats_server: NatsServer) -> None:
    async with connected(nats_server.url) as client:
        await ensure_stream(client.jetstream(), 1)
        await publish(client, "default.breach.apology", "one")
    async with hearing(Alerts(BrokerAddress(nats_server.url), "default", datetime(2026, 1, 1, tzinfo=UTC))) as heard:
        assert await next_references(heard, 1) == ["one"]
        await nats_server.kill()
        await nats_server.start()
        async with connected(nats_server.url) as client:
            for reference in ("two", "three"):
                await publish(client, "default.breach.apology", reference)
        assert await next_references(heard, 2) == ["two", "three"]
        assert heard.empty()


async def test_whoever_watches_first_waits_for_the_stream(nats_server: NatsServer) -> None:
    alerts = Alerts(BrokerAddress(nats_server.url), "default", None)
    listening = asyncio.create_task(first(alerts))
    async with connected(nats_server.url) as client:
        await ensure_stream(client.jetstream(), 1)
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await alerts.listening.wait()
            await publish(client, "default.breach.apology", "one")
            assert (await listening).payload["reference"] == "one"


async def test_a_broker_that_is_not_there_cannot_be_reached() -> None:
    with pytest.raises(CannotReach, match=r"does not answer at nats://127\.0\.0\.1:1"):
        await first(Alerts(BrokerAddress("nats://127.0.0.1:1"), "default", None))
