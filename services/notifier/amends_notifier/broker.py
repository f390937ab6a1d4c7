"""The way to JetStream: a connection that comes back, and a publish that ends only once the message is stored."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import nats.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NoStreamResponseError

from amends_notifier.messages import Message
from amends_notifier.stream import STREAM, NoLeader, ensure_stream, is_blank, led_stream
from amends_platform.broker_address import BrokerAddress
from amends_platform.broker_connection import TROUBLE, opened
from amends_platform.http.health import NotReady
from amends_platform.reasons import reason

log = structlog.get_logger()

# A broker that syncs every message to a slow disk under load needs some of this.
_ACK_SECONDS_MAX: Final = 10.0
_RETRY_SECONDS_MAX: Final = 2.0
_ANSWER_SECONDS_MAX: Final = 1.0
_REMIND_SECONDS: Final = 30.0
_NO_ANSWER: Final = "The broker does not answer, or has no stream."
_NO_LEADER: Final = "The stream has no leader: too few of the broker's servers that keep it answer."


class Ack(NamedTuple):
    """The broker has stored the message. `repeated`: it had already, and dropped this one."""

    repeated: bool
    attempts: int


def retry_seconds(failures: int, jitter: float) -> float:
    """How long to wait after the nth failure in a row: doubling from 50 ms, capped; `jitter` is from 0 to 1."""
    return float(min(_RETRY_SECONDS_MAX, 0.05 * 2 ** min(failures - 1, 16))) * (0.5 + jitter / 2)


class Broker:
    """JetStream behind a URL. It may be away at any time, also at first; whoever publishes then waits."""

    def __init__(self, address: BrokerAddress, *, replicas: int, on_blank: Callable[[], Awaitable[None]]) -> None:
        """`on_blank` is awaited when the stream is found to have had no message yet, before one is published to it."""
        self._address = address
        self._replicas = replicas
        self._on_blank = on_blank
        self._js: JetStreamContext | None = None
        self._up = asyncio.Event()
        self._disturbed = asyncio.Event()
        self._waiting: set[asyncio.Timeout] = set()
        self._task: asyncio.Task[None] | None = None
        self._down_since = time.monotonic()
        self._reminded_at = -math.inf
        self._told: list[str] = []

    @property
    def connected(self) -> bool:
        """Whether the broker answers and has the stream, as far as is known."""
        return self._up.is_set()

    async def check(self) -> None:
        """Raises NotReady when it does not answer just now: a connection to one that hangs is soon found out by being
        asked, and by itself only later.
        """
        js = self._js
        if js is None:
            raise NotReady(_NO_ANSWER)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS_MAX):
                await led_stream(js)
        except NoLeader as error:
            raise NotReady(_NO_LEADER) from error
        except TROUBLE as error:
            raise NotReady(_NO_ANSWER) from error

    async def is_blank(self) -> bool:
        """Whether the stream never had a message. False while the broker is away: once it is back, `on_blank` tells."""
        failures = 0
        while (js := self._js) is not None:
            try:
                async with asyncio.timeout(_ANSWER_SECONDS_MAX):
                    return is_blank(await led_stream(js))
            except TROUBLE:
                failures += 1
                await asyncio.sleep(retry_seconds(failures, random.random()))
        return False

    def start(self) -> None:
        """Begin connecting in the background."""
        self._task = asyncio.create_task(self._run(), name="broker")

    async def aclose(self) -> None:
        """Give the connection up. Whoever still publishes waits for ever: cancel them first."""
        if self._task is not None:
            self._up.clear()
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def publish(self, message: Message) -> Ack:
        """Publish until the broker acknowledges, however long it is away. Each attempt carries the same id."""
        failures = 0
        while True:
            await self._up.wait()
            js = self._js
            assert js is not None, "up means there is a connection"
            try:
                # Not publish_async: after a restart of the broker its futures may never be resolved.
                # One limit for both reasons to give up waiting: too long, and (moved to now) connection lost.
                async with asyncio.timeout(_ACK_SECONDS_MAX) as limit:
                    self._waiting.add(limit)
                    try:
                        ack = await js.publish(
                            message.subject,
                            message.payload,
                            timeout=2 * _ACK_SECONDS_MAX,
                            stream=STREAM,
                            headers={**message.headers},
                        )
                    finally:
                        self._waiting.discard(limit)
                return Ack(bool(ack.duplicate), failures + 1)
            except TROUBLE as error:
                failures += 1
                if not self._up.is_set():
                    continue
                if isinstance(error, NoStreamResponseError):
                    self._disturbed.set()
                self._complain("broker does not take a message", error)
            await asyncio.sleep(retry_seconds(failures, random.random()))

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._connection()
                failures = 0
            except TROUBLE as error:
                failures += 1
                self._complain("broker away", error)
            await asyncio.sleep(retry_seconds(failures or 1, random.random()))

    async def _connection(self) -> None:
        """One connection, from connecting to losing it. We reconnect ourselves, with a new client each time: this
        drops what the old one still buffered, and no state of the client's own can keep us from coming back."""
        self._disturbed.clear()

        async def lost() -> None:
            self._disturbed.set()

        async with opened(self._address, "amends-notifier", on_lost=lost, on_error=_complained) as client:
            try:
                while client.is_connected:
                    await self._ensure_stream(client)
                    self._went_up(client)
                    await self._disturbed.wait()
                    self._disturbed.clear()
                    # Before the stream is made again: nothing may come into it before it is known to be blank.
                    self._went_down()
            finally:
                self._went_down()

    async def _ensure_stream(self, client: Client) -> None:
        made, blank, differences = await ensure_stream(client.jetstream(), self._replicas)
        if made:
            log.info("stream made", stream=STREAM, replicas=self._replicas)
        if blank:
            await self._on_blank()
        if differences and differences != self._told:
            log.warning("stream is not as it should be", stream=STREAM, differences=differences)
        self._told = differences

    def _went_up(self, client: Client) -> None:
        if self._up.is_set():
            return
        self._js = client.jetstream()
        self._up.set()
        log.info("broker connected", away_seconds=round(time.monotonic() - self._down_since, 1))

    def _went_down(self) -> None:
        if not self._up.is_set():
            return
        self._up.clear()
        self._js = None
        self._down_since = self._reminded_at = time.monotonic()
        log.warning("broker lost")
        now = asyncio.get_running_loop().time()
        for limit in self._waiting:
            limit.reschedule(now)

    def _complain(self, what: str, error: Exception) -> None:
        """Log it, but not every time: a broker may be away for hours."""
        now = time.monotonic()
        if now - self._reminded_at >= _REMIND_SECONDS:
            self._reminded_at = now
            log.warning(what, reason=reason(error))


async def _complained(error: Exception) -> None:
    if isinstance(error, nats.errors.Error) and "permissions violation" in str(error):
        log.warning("broker: not allowed to us", reason=str(error))
    else:
        log.debug("broker", reason=reason(error))
