"""What befalls NATS: it is away for long, loses its stream or its store, is asked to purge, or takes no message."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import nats.errors
import nats.js.errors
from nats.js import JetStreamContext

from amends_notifier.stream import STREAM
from tests.faults.kinds.kind import LONG, Fault, Kind
from tests.faults.world import World
from tests.support.notifying import connected
from tests.support.system import until

_AWAY: Final = (OSError, TimeoutError, nats.errors.Error)


@asynccontextmanager
async def _away(world: World, fault: Fault) -> AsyncIterator[None]:
    with world.down("nats"):
        yield


@asynccontextmanager
async def _store_wiped(world: World, fault: Fault) -> AsyncIterator[None]:
    with world.down("nats"):
        shutil.rmtree(world.nats_store, ignore_errors=True)
        yield


@asynccontextmanager
async def _stream_deleted(world: World, fault: Fault) -> AsyncIterator[None]:
    async with _stream(world) as js:
        await js.delete_stream(STREAM)
    yield


@asynccontextmanager
async def _purge_asked_for(world: World, fault: Fault) -> AsyncIterator[None]:
    """The stream refuses it, whoever asks."""
    async with _stream(world) as js:
        try:
            await js.purge_stream(STREAM)
        except nats.js.errors.Error:
            pass
        else:
            raise AssertionError("the stream let itself be purged")
    yield


@asynccontextmanager
async def _takes_no_message(world: World, fault: Fault) -> AsyncIterator[None]:
    """Whatever is published is refused: it is longer than the stream takes."""
    await _limit_messages(world, 1)
    try:
        yield
    finally:
        await _limit_messages(world, -1)


async def _limit_messages(world: World, bytes_max: int) -> None:
    async with _stream(world) as js:
        config = (await js.stream_info(STREAM)).config
        config.max_msg_size = bytes_max
        await js.update_stream(config)


@asynccontextmanager
async def _stream(world: World) -> AsyncIterator[JetStreamContext]:
    """JetStream, once the stream is there."""

    async def is_there() -> bool:
        try:
            async with connected(world.nats_url) as client:
                await client.jetstream().stream_info(STREAM)
        except _AWAY:
            return False
        return True

    await until(is_there, lambda: f"there is no stream\n{world.output}")
    async with connected(world.nats_url) as client:
        yield client.jetstream()


BROKER: Final = (
    Kind("broker-away-for-long", ("nats",), _away, seconds=LONG, weight=2),
    Kind("store-wiped", ("nats",), _store_wiped, weight=2),
    Kind("stream-deleted", ("nats",), _stream_deleted, weight=2),
    Kind("purge-asked-for", ("nats",), _purge_asked_for, seconds=(0.0, 0.1), weight=1),
    Kind("takes-no-message", ("nats",), _takes_no_message, weight=3),
)
