"""A connection to NATS that is given up when it breaks: whoever needs it again connects again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import nats.errors
from nats.aio.client import Client

from amends_platform.failures import CannotReach
from amends_platform.settings import masked

TROUBLE: Final = (nats.errors.Error, OSError)
"""What a broker that is away, starting or out of order makes the client raise. (TimeoutError is an OSError.)"""

_CONNECT_SECONDS_MAX: Final = 5.0
_CLOSE_SECONDS_MAX: Final = 2.0
_PING_SECONDS: Final = 5


@asynccontextmanager
async def connected(
    nats_url: str, name: str, *, on_lost: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[Client]:
    """Connected while it is lent. `on_lost` is called when it breaks. Raises CannotReach when nobody answers."""
    client = Client()
    try:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS_MAX):
                await client.connect(
                    [server.strip() for server in nats_url.split(",")],
                    name=name,
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=2,
                    ping_interval=_PING_SECONDS,
                    max_outstanding_pings=2,
                    disconnected_cb=on_lost,
                    error_cb=_quietly,
                )
        except TROUBLE as error:
            reason = str(error) or type(error).__name__
            raise CannotReach(f"NATS does not answer at {masked(nats_url)} ({reason}).") from error
        yield client
    finally:
        with suppress(*TROUBLE, AssertionError):
            async with asyncio.timeout(_CLOSE_SECONDS_MAX):
                await client.close()


async def _quietly(_: Exception) -> None:
    return None
