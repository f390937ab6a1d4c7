"""A consumer of the stream that remembers its place, over whatever happens to the broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from amends_notifier.stream import STREAM
from tests.support.listening import Listener
from tests.support.notifying import connected
from tests.support.system import until

_AWAY = (OSError, TimeoutError, nats.errors.Error, nats.js.errors.Error)
_BATCH = 500
_FETCH_SECONDS = 0.5
_AGAIN_SECONDS = 0.2


class Consumer(Listener):
    """What it got, in the order in which it came: `heard` of cases, `checkpoints` of the log. Where the stream is made
    anew it begins at its beginning, and may get what it had."""

    def __init__(self, nats_url: str) -> None:
        super().__init__()
        self._nats_url = nats_url

    async def caught_up(self) -> Listener:
        """All of it, once it has come to where the stream ends now."""
        async with connected(self._nats_url) as client:
            last = (await client.jetstream().stream_info(STREAM)).state.last_seq
        await until(lambda: self.last_sequence >= last, lambda: f"it came to {self.last_sequence}, not to {last}")
        return self

    async def follow(self) -> None:
        """Go on for ever."""
        while True:
            with suppress(*_AWAY):
                async with connected(self._nats_url) as client:
                    await self._follow(client.jetstream())
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _follow(self, js: JetStreamContext) -> None:
        """Until a message is missing, the stream is another, or the broker is away."""
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self.last_sequence + 1,
            mem_storage=True,
            inactive_threshold=60.0,
        )
        messages = await js.pull_subscribe("", stream=STREAM, config=config)
        while True:
            fetched: list[Msg] = []
            with suppress(nats.errors.TimeoutError):
                fetched = await messages.fetch(_BATCH, timeout=_FETCH_SECONDS)
            for message in fetched:
                if message.metadata.sequence.stream != self.last_sequence + 1:
                    return
                await self.take(message)
            if not fetched and (await js.stream_info(STREAM)).state.last_seq < self.last_sequence:
                self.last_sequence = 0
                return


@asynccontextmanager
async def consuming(nats_url: str) -> AsyncIterator[Consumer]:
    """Consume the stream from its first message until the block is left."""
    consumer = Consumer(nats_url)
    following = asyncio.create_task(consumer.follow())
    try:
        yield consumer
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
