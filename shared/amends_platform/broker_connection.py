"""A connection to NATS that is given up when it breaks: whoever needs it again connects again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

import nats.errors
from nats.aio.client import Client

from amends_platform.broker_address import BrokerAddress
from amends_platform.failures import CannotReach

TROUBLE: Final = (nats.errors.Error, OSError)
"""What a broker that is away, starting or out of order makes the client raise. (TimeoutError is an OSError.)"""

_CONNECT_SECONDS_MAX: Final = 5.0
_CLOSE_SECONDS_MAX: Final = 2.0
# A broker that hangs, or a network that swallows packets, is noticed after three of these.
PING_SECONDS: Final = 5


@asynccontextmanager
async def connected(
    address: BrokerAddress, name: str, *, on_lost: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[Client]:
    """Connected while it is lent. `on_lost` is called when it breaks. Raises CannotReach when nobody answers."""
    async with AsyncExitStack() as held:
        try:
            client = await held.enter_async_context(opened(address, name, on_lost=on_lost))
        except TROUBLE as error:
            reason = str(error) or type(error).__name__
            raise CannotReach(f"NATS does not answer at {address} ({reason}).") from error
        yield client


@asynccontextmanager
async def opened(
    address: BrokerAddress,
    name: str,
    *,
    on_lost: Callable[[], Awaitable[None]] | None = None,
    on_error: Callable[[Exception], Awaitable[None]] | None = None,
) -> AsyncIterator[Client]:
    """The same for those who go on trying. Raises what TROUBLE names, while connecting too.

    `on_error` is told what the broker complains of, such as that something is not allowed to us.
    """
    client = address.client()
    try:
        async with asyncio.timeout(_CONNECT_SECONDS_MAX):
            await client.connect(
                **address.options(name),
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=2,
                ping_interval=PING_SECONDS,
                max_outstanding_pings=2,
                disconnected_cb=on_lost,
                error_cb=on_error or _quietly,
            )
        yield client
    finally:
        with suppress(*TROUBLE, AssertionError):
            async with asyncio.timeout(_CLOSE_SECONDS_MAX):
                await client.close()


async def _quietly(_: Exception) -> None:
    return None
