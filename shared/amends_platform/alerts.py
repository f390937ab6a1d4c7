"""Reminders, breaches and escalations as they come from JetStream, across outages of the broker: none missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import nats.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from amends_platform.failures import CannotReach
from amends_platform.settings import masked

STREAM: Final = "AMENDS"
KINDS: Final = ("reminder", "breach", "escalation")
# What says that somebody has seen an alert. It is none itself: its kind is "event".
ACKNOWLEDGED: Final = "alert-acknowledged"

_CONNECT_SECONDS_MAX: Final = 5.0
_CLOSE_SECONDS_MAX: Final = 2.0
_RETRY_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 1.0
_PING_SECONDS: Final = 5
# A consumer that nobody listens to is removed by the broker after this long.
_ABANDONED_SECONDS: Final = 60.0
_TROUBLE: Final = (nats.errors.Error, OSError)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `name` is the clock, or for an escalation the role; `payload` as asyncapi.yaml describes it."""

    kind: str
    name: str
    id: str
    published_at: datetime
    payload: dict[str, Any]


class _Lost(Exception):
    """The connection, or the consumer at the other end, is gone."""


class Alerts:
    """The alerts of a tenant. Iterate once; it ends only by an error or by being closed."""

    def __init__(self, nats_url: str, tenant: str, since: datetime | None, *, acknowledgements: bool = False) -> None:
        """`since` None: from now on. With `acknowledgements`, these too."""
        self._servers = [server.strip() for server in nats_url.split(",")]
        self._url = masked(nats_url)
        self._subjects = [f"amends.v1.{tenant}.{kind}.>" for kind in KINDS]
        if acknowledgements:
            self._subjects.append(f"amends.v1.{tenant}.event.{ACKNOWLEDGED}")
        # From the moment we were asked, also where the broker is away just then.
        self._since = since or datetime.now(UTC)
        self._sequence = 0
        self.listening = asyncio.Event()

    async def __aiter__(self) -> AsyncGenerator[Alert, None]:
        """Each alert once. Raises CannotReach when the broker does not answer at first; later it is waited for."""
        first = True
        while True:
            try:
                async with self._connected() as client:
                    first = False
                    async for message in self._messages(client):
                        self._sequence = message.metadata.sequence.stream
                        yield _alert(message)
            except NotFoundError:
                # The notifier, which makes the stream, has not come up yet.
                first = False
            except (*_TROUBLE, _Lost) as error:
                if first:
                    reason = str(error) or type(error).__name__
                    raise CannotReach(
                        f"NATS does not answer at {self._url} ({reason}). Is `amends up` running?"
                    ) from error
            await asyncio.sleep(_RETRY_SECONDS)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Client]:
        client = Client()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS_MAX):
                await client.connect(
                    self._servers,
                    name="amends-watch",
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=2,
                    ping_interval=_PING_SECONDS,
                    max_outstanding_pings=2,
                    error_cb=_quietly,
                )
            yield client
        finally:
            with suppress(*_TROUBLE, AssertionError):
                async with asyncio.timeout(_CLOSE_SECONDS_MAX):
                    await client.close()

    async def _messages(self, client: Client) -> AsyncIterator[Msg]:
        """From where we left off, in order. Raises NotFoundError while there is no stream, _Lost when it breaks off."""
        subscription = await client.jetstream().subscribe(
            "", stream=STREAM, config=self._consumer(), idle_heartbeat=_PING_SECONDS
        )
        self.listening.set()
        expected = 1
        while True:
            try:
                message = await subscription.next_msg(timeout=_LOOK_SECONDS)
            except TimeoutError:
                if client.is_connected and await _lives(subscription):
                    continue
                raise _Lost from None
            # The broker gave one up on the way to us: begin again behind the last that came.
            if message.metadata.sequence.consumer != expected:
                raise _Lost
            expected += 1
            yield message

    def _consumer(self) -> ConsumerConfig:
        config = ConsumerConfig(
            filter_subjects=self._subjects,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=_ABANDONED_SECONDS,
            mem_storage=True,
            num_replicas=1,
        )
        if self._sequence:
            config.deliver_policy = DeliverPolicy.BY_START_SEQUENCE
            config.opt_start_seq = self._sequence + 1
        else:
            config.deliver_policy = DeliverPolicy.BY_START_TIME
            config.opt_start_time = self._since
        return config


async def _lives(subscription: JetStreamContext.PushSubscription) -> bool:
    """Whether the broker still knows the consumer: one in memory is gone when the broker was started again."""
    try:
        await subscription.consumer_info()
    except (NotFoundError, *_TROUBLE):
        return False
    return True


def _alert(message: Msg) -> Alert:
    *_, kind, name = message.subject.split(".")
    headers = message.headers or {}
    return Alert(
        kind=kind,
        name=name,
        id=headers.get("ce-id", ""),
        published_at=message.metadata.timestamp.astimezone(UTC),
        payload=orjson.loads(message.data),
    )


async def _quietly(_: Exception) -> None:
    return None
