"""Messages of a pull consumer as they come, none of which is lost on the way when one stops asking.

The client's own `fetch` waits for a batch to fill, and drops what comes while it is cancelled: the broker would give
that out again only half a minute later, behind what follows it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import nats.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from amends_platform.broker_connection import TROUBLE

_BATCH: Final = 32
_EXPIRES_SECONDS: Final = 30.0
# A request that nobody answered, nor ended: perhaps its broker is no longer there.
_SILENCE_SECONDS_MAX: Final = _EXPIRES_SECONDS + 5.0
_CLOSE_SECONDS_MAX: Final = 2.0
# The request ran its time; or there was no room for it just then.
_ENDED: Final = ("408", "404")
_HEARTBEAT: Final = "100"


class Pull:
    """Asks a consumer for messages. `start` it, ask `next` in one task, and `close` it."""

    def __init__(self, client: Client, stream: str, consumer: str) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._inbox = client.new_inbox()
        self._came: asyncio.Queue[Msg] = asyncio.Queue()
        self._asked_for = 0
        self._silent_until = 0.0
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Raises nats.errors.Error."""
        self._subscription = await self._client.subscribe(self._inbox, cb=self._came.put)

    async def next(self) -> Msg:
        """Wait for the next message; one that waits no longer has taken none. Raises nats.errors.Error, also when the
        consumer is no longer there.
        """
        while True:
            if self._asked_for <= 0:
                await self._ask()
            try:
                async with asyncio.timeout_at(self._silent_until):
                    message = await self._came.get()
            except TimeoutError:
                self._asked_for = 0
                continue
            self._hear_until()
            status = _status(message)
            if status is None:
                self._asked_for -= 1
                return message
            if status == _HEARTBEAT:
                continue
            self._asked_for = 0
            if status not in _ENDED:
                raise nats.errors.Error(f"{status} {(message.headers or {}).get('Description', '')}".strip())

    async def close(self) -> list[Msg]:
        """Ask no more. Returns what has come and was not taken."""
        if self._subscription is not None:
            with suppress(*TROUBLE):
                async with asyncio.timeout(_CLOSE_SECONDS_MAX):
                    # Until all that the broker had sent is here.
                    await self._subscription.drain()  # type: ignore[no-untyped-call]
        left = []
        while not self._came.empty():
            message = self._came.get_nowait()
            if _status(message) is None:
                left.append(message)
        return left

    async def _ask(self) -> None:
        request = {"batch": _BATCH, "expires": int(_EXPIRES_SECONDS * 1e9)}
        await self._client.publish(self._subject, orjson.dumps(request), reply=self._inbox)
        self._asked_for = _BATCH
        self._hear_until()

    def _hear_until(self) -> None:
        self._silent_until = asyncio.get_running_loop().time() + _SILENCE_SECONDS_MAX


def _status(message: Msg) -> str | None:
    """What the broker says instead of a message; None for a message."""
    return None if message.reply else (message.headers or {}).get("Status")
