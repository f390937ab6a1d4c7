"""Wake-up hints over core NATS: "the log has grown". Losing one costs a follower 250 ms, never an event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import nats.errors
import structlog

from amends_platform.broker_address import BrokerAddress
from amends_platform.reasons import reason

log = structlog.get_logger()

_RECONNECT_SECONDS = 0.5


def hint_subject(tenant: str) -> str:
    """The subject of hints. It lies outside `amends.v1.>`, so no stream keeps them."""
    return f"amends-hint.{tenant}"


class Hints:
    """Sends and hears hints on a connection that keeps trying: the broker may be away at any time, also at first.

    `on_hint` is called in the event loop for each hint heard.
    """

    def __init__(self, address: BrokerAddress, tenant: str, on_hint: Callable[[], None] | None = None) -> None:
        self._address = address
        self._subject = hint_subject(tenant)
        self._on_hint = on_hint
        self._position = 0
        self._grown = asyncio.Event()
        self._client = address.client()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin connecting in the background."""
        self._running = asyncio.create_task(self._run(), name="hints")

    async def aclose(self) -> None:
        """Stop, dropping what was not sent."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if not self._client.is_closed:
            await self._client.close()

    def send(self, position: int) -> None:
        """Tell whoever listens that the log reaches `position`. Returns at once; several in a row become one."""
        self._position = position
        self._grown.set()

    async def _run(self) -> None:
        # With endless attempts, connect returns only once the broker answers, and reconnects by itself later.
        await self._client.connect(
            **self._address.options("amends-hints"),
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=_RECONNECT_SECONDS,  # type: ignore[arg-type]  # a fraction is as good
            error_cb=_log_quietly,
        )
        if self._on_hint is not None:
            await self._client.subscribe(self._subject, cb=self._heard)
        while True:
            await self._grown.wait()
            self._grown.clear()
            try:
                await self._client.publish(self._subject, str(self._position).encode())
            except nats.errors.Error as error:
                log.debug("hint lost", reason=reason(error))

    async def _heard(self, _message: Any) -> None:
        assert self._on_hint is not None
        self._on_hint()


async def _log_quietly(error: Exception) -> None:
    log.debug("hints: broker away", reason=reason(error))
