"""Reminders, breaches and escalations as they come from JetStream, across outages of the broker: none missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from amends_platform.broker_address import BrokerAddress
from amends_platform.broker_connection import TROUBLE, opened
from amends_platform.failures import CannotReach
from amends_platform.pulling import Pull

STREAM: Final = "AMENDS"
KINDS: Final = ("reminder", "breach", "escalation")
# What says that somebody has seen an alert. It is none itself: its kind is "event".
ACKNOWLEDGED: Final = "alert-acknowledged"

# What the notifier says of each message: see docs/nats-security.md.
_ID: Final = "ce-id"
_RETRY_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 1.0
# A consumer that nobody listens to is removed by the broker after this long.
_ABANDONED_SECONDS: Final = 60.0


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

    def __init__(
        self, address: BrokerAddress, tenant: str, since: datetime | None, *, acknowledgements: bool = False
    ) -> None:
        """`since` None: from now on. With `acknowledgements`, these too."""
        self._address = address
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
                async with opened(self._address, "amends-watch") as client:
                    first = False
                    async for message in self._messages(client):
                        self._sequence = message.metadata.sequence.stream
                        if _ID in (message.headers or {}):
                            yield _alert(message)
            except NotFoundError:
                # The notifier, which makes the stream, has not come up yet.
                first = False
            except (*TROUBLE, _Lost) as error:
                if first:
                    reason = str(error) or type(error).__name__
                    raise CannotReach(
                        f"NATS does not answer at {self._address} ({reason}). Is `amends up` running?"
                    ) from error
            await asyncio.sleep(_RETRY_SECONDS)

    async def _messages(self, client: Client) -> AsyncIterator[Msg]:
        """From where we left off, in order. Raises NotFoundError while there is no stream, _Lost when it breaks off."""
        consumer = await client.jetstream().add_consumer(STREAM, self._consumer())
        pull = Pull(client, STREAM, consumer.name)
        await pull.start()
        self.listening.set()
        expected = 1
        while True:
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    message = await pull.next()
            except TimeoutError:
                if client.is_connected:
                    continue
                raise _Lost from None
            # One was lost on the way to us: begin again behind the last that came.
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


def _alert(message: Msg) -> Alert:
    *_, kind, name = message.subject.split(".")
    headers = message.headers or {}
    return Alert(
        kind=kind,
        name=name,
        id=headers.get(_ID, ""),
        published_at=message.metadata.timestamp.astimezone(UTC),
        payload=orjson.loads(message.data),
    )
