"""Somebody who subscribes to the stream of alerts, from its beginning, and keeps what arrives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from nats.aio.msg import Msg

from amends_notifier.checkpoint_messages import CHECKPOINT_SIGNED
from amends_notifier.stream import STREAM
from tests.support.notifying import Kept, connected
from tests.support.system import until

EVERYTHING = "amends.v1.>"


class Listener:
    """What has arrived, in the order of the stream: `heard` of cases, and `checkpoints` of the log."""

    def __init__(self) -> None:
        self.heard: list[Kept] = []
        self.checkpoints: list[Kept] = []
        self.last_sequence = 0

    def of(self, case: dict[str, Any]) -> list[Kept]:
        """The messages about one case, which is given by any answer that has its id."""
        return [message for message in self.heard if message.said["case_id"] == case["id"]]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait, within a bound, until what was heard meets the condition."""
        await until(condition, lambda: f"only this was heard: {[message.subject for message in self.heard]}")

    async def take(self, message: Msg) -> None:
        self.last_sequence = message.metadata.sequence.stream
        kept = Kept(self.last_sequence, message.subject, dict(message.headers or {}), message.data)
        (self.checkpoints if kept.headers.get("ce-type") == CHECKPOINT_SIGNED else self.heard).append(kept)


@asynccontextmanager
async def listening(nats_url: str, subject: str = EVERYTHING) -> AsyncIterator[Listener]:
    """Subscribe to the stream's messages on `subject`, those of the past first."""
    listener = Listener()
    async with connected(nats_url) as client:
        subscription = await client.jetstream().subscribe(
            subject, stream=STREAM, cb=listener.take, ordered_consumer=True
        )
        yield listener
        await subscription.unsubscribe()


async def all_stored(nats_url: str) -> Listener:
    """All that the stream keeps, as a subscriber gets it who comes now."""
    async with connected(nats_url) as client:
        state = (await client.jetstream().stream_info(STREAM)).state
    async with listening(nats_url) as listener:
        await listener.until(lambda: listener.last_sequence >= state.last_seq)
        return listener
