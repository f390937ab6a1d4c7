"""Publishing the signed checkpoints of the log, one after the other, from the one remembered on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

import asyncpg
import structlog

from amends_notifier.checkpoint_messages import checkpoint_message
from amends_notifier.messages import Message
from amends_platform.evidence.notes import BadNote
from amends_platform.evidence.tree_head import SignedCheckpoint, checkpoints_after
from amends_platform.reasons import reason
from amends_store.checkpoints import Checkpoint

log = structlog.get_logger()

CHECKPOINT: Final = "announcer"
"""Its position is the size of the newest checkpoint that was published."""

_BATCH: Final = 100
# Nobody waits for a checkpoint, and a new one comes every ten seconds or so.
_POLL_SECONDS: Final = 1.0
_ANSWER_SECONDS_MAX: Final = 30.0


class Announcer:
    """`publish` returns once the message is acknowledged, however long the broker is away."""

    def __init__(self, pool: asyncpg.Pool, publish: Callable[[Message], Awaitable[object]], tenant: str) -> None:
        self._pool = pool
        self._publish = publish
        self._tenant = tenant

    async def run(self) -> NoReturn:
        """Publish until cancelled. Raises Fenced when another notifier has taken over, and asyncpg's errors."""
        async with asyncio.timeout(_ANSWER_SECONDS_MAX):
            checkpoint = await Checkpoint.claim(self._pool, CHECKPOINT)
        while True:
            async with asyncio.timeout(_ANSWER_SECONDS_MAX):
                signed = await checkpoints_after(self._pool, checkpoint.position, _BATCH)
            if not signed:
                await asyncio.sleep(_POLL_SECONDS)
                continue
            await self._tell(signed)
            async with asyncio.timeout(_ANSWER_SECONDS_MAX):
                checkpoint = await checkpoint.advance(self._pool, signed[-1].tree_size)

    async def begin_anew(self) -> None:
        """Let `run` begin at the first of them. Raises Fenced, asyncpg's errors."""
        async with asyncio.timeout(_ANSWER_SECONDS_MAX):
            checkpoint = await Checkpoint.claim(self._pool, CHECKPOINT)
            await checkpoint.advance(self._pool, 0)

    async def republish(self, first: int) -> None:
        """Publish those once more that cover the event at position `first`. Raises asyncpg's errors."""
        covered = first - 1
        while signed := await checkpoints_after(self._pool, covered, _BATCH):
            await self._tell(signed)
            covered = signed[-1].tree_size

    async def _tell(self, several: list[SignedCheckpoint]) -> None:
        for signed in several:
            try:
                message = checkpoint_message(self._tenant, signed)
            except BadNote as error:
                # The row was tampered with. That is for `amends verify` to prove; alerts must go on.
                log.error("a signed checkpoint cannot be told of", tree_size=signed.tree_size, reason=reason(error))
                continue
            await self._publish(message)
