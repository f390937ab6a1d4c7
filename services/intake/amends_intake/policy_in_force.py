"""Keeping up with the policies that are published while intake runs."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from amends_platform.policy.book import PolicyBook
from amends_platform.reasons import reason

# What is published is in force everywhere after this long.
_LEARN_SECONDS: Final = 1.0

log = structlog.get_logger()


class Publications:
    """Looks again and again, in the background; while the store is away, what is known stays in force."""

    def __init__(self, policies: PolicyBook, tenant: str) -> None:
        self._policies = policies
        self._tenant = tenant
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name="publications")

    @property
    def is_alive(self) -> bool:
        """Whether it looks, and will again."""
        return self._running is not None and not self._running.done()

    async def aclose(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_LEARN_SECONDS)
            try:
                await self._policies.learn_published(self._tenant)
            except Exception as error:
                log.warning("publications could not be read", reason=reason(error))
