"""Old receipts go: once a day, in whichever process keeps the read model, and so slowly that nobody notices."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import asyncpg
import structlog

from amends_platform.reasons import reason
from amends_store.receipts import forget_receipts
from amends_workflow.tasks import end_if_told

log = structlog.get_logger()

_EVERY_SECONDS = 86_400.0
_RETRY_SECONDS = 60.0
# Of the time, at most this share is spent on it.
_SHARE = 0.1


class ForgettingReceipts:
    """The task. `on_forgotten` is told how many, again and again."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        keep: timedelta,
        *,
        is_leading: Callable[[], bool],
        on_forgotten: Callable[[int], None],
    ) -> None:
        self._pool = pool
        self._keep = keep
        self._is_leading = is_leading
        self._on_forgotten = on_forgotten

    async def run(self) -> None:
        """Until cancelled. An outage, or another process that leads, is looked past a minute later."""
        while True:
            try:
                done = self._is_leading() and await self._pass()
            except Exception as error:
                end_if_told()
                log.warning("old receipts stay for now", reason=reason(error))
                done = False
            await asyncio.sleep(_EVERY_SECONDS if done else _RETRY_SECONDS)

    async def _pass(self) -> bool:
        """All of the table once. False when another process leads now."""
        began = time.monotonic()
        async for forgotten in forget_receipts(self._pool, self._keep):
            self._on_forgotten(forgotten)
            if not self._is_leading():
                return False
            await asyncio.sleep((time.monotonic() - began) * (1 / _SHARE - 1))
            began = time.monotonic()
        return True
