"""A program of somebody else's that listens to the stream from its first message on, over everything that happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final, NoReturn

import nats.errors
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from amends_notifier.checkpoint_messages import CHECKPOINT_SIGNED
from amends_notifier.stream import STREAM
from amends_platform.broker_address import BrokerAddress
from amends_platform.broker_connection import TROUBLE, opened
from tests.support.notifying import Kept
from tests.support.system import until

_BATCH_MESSAGES: Final = 500
_FETCH_SECONDS_MAX: Final = 0.25
_AGAIN_SECONDS: Final = 0.1


class Consumer:
    """`got` is every message about a case, in the order of their coming. It remembers how far it came, and begins anew
    when the stream is another; what it was told before it is then told again.
    """

    def __init__(self, nats_url: str) -> None:
        self.got: list[Kept] = []
        self._address = BrokerAddress(nats_url)
        self._stream: datetime | None = None
        self._last = 0

    async def caught_up(self) -> list[Kept]:
        """All that it got, once it has come to where the stream ends now."""
        async with opened(self._address, "end") as client:
            info = await client.jetstream().stream_info(STREAM)
        await until(
            lambda: self._stream == info.created and self._last >= info.state.last_seq,
            lambda: f"a consumer came to message {self._last}, not to {info.state.last_seq}",
        )
        return self.got

    async def run(self) -> NoReturn:
        while True:
            try:
                async with opened(self._address, "consumer") as client:
                    await self._listen(client.jetstream())
            except TROUBLE:
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _listen(self, js: JetStreamContext) -> None:
        """Until the stream is another. Raises what TROUBLE names."""
        created = (await js.stream_info(STREAM)).created
        if created != self._stream:
            self._stream, self._last = created, 0
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self._last + 1,
            inactive_threshold=10.0,
            mem_storage=True,
        )
        subscription = await js.pull_subscribe("", stream=STREAM, config=config)
        while True:
            try:
                messages = await subscription.fetch(_BATCH_MESSAGES, timeout=_FETCH_SECONDS_MAX)
            except nats.errors.TimeoutError:
                # A consumer of a stream that is gone would wait for ever.
                if (await js.stream_info(STREAM)).created != self._stream:
                    return
                continue
            for message in messages:
                self._last = message.metadata.sequence.stream
                kept = Kept(self._last, message.subject, dict(message.headers or {}), message.data)
                if kept.headers.get("ce-type") != CHECKPOINT_SIGNED:
                    self.got.append(kept)


@asynccontextmanager
async def consuming(nats_url: str) -> AsyncIterator[Consumer]:
    """Listen until the block is left."""
    consumer = Consumer(nats_url)
    listening = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        listening.cancel()
        (ended,) = await asyncio.gather(listening, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError), ended
