"""Sealing the log: its Merkle tree is kept behind it, and signed every so often, in whichever process leads."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import asyncpg
import structlog

from amends_platform.evidence.signing import CheckpointSigning
from amends_platform.evidence.tree_head import SignedCheckpoint, SignedSoFar, signed_so_far
from amends_platform.http.health import NotReady
from amends_platform.reasons import reason
from amends_store.checkpoints import Checkpoint
from amends_store.errors import Fenced, LogHole
from amends_store.outages import is_passing
from amends_store.read import head_position
from amends_store.replication import replicated
from amends_store.tiles import TILE_HASHES, seal
from amends_workflow.leadership import Lead, leadership
from amends_workflow.tasks import end_if_told, stop

log = structlog.get_logger()

CHECKPOINT = "sealer"

# So many at once that a round trip is worth it, and hashing them does not keep questions waiting.
BATCH_EVENTS = 16 * TILE_HASHES
_RETRY_SECONDS = 1.0


class SealerStopped(NotReady):
    """The log contradicts what was sealed or signed before: nothing is signed until a person decides."""


class Sealer:
    """The sealer as a task. It reads leaf hashes only, and never takes the lock that appends need.

    Without `signing`, where there is no key, the tree is kept and nothing is signed.
    """

    def __init__(self, pool: asyncpg.Pool, signing: CheckpointSigning | None, every_seconds: float) -> None:
        self._pool = pool
        self._signing = signing
        self._every_seconds = every_seconds
        self._stopped_by: Exception | None = None

    @property
    def is_stopped(self) -> bool:
        return self._stopped_by is not None

    def check(self) -> None:
        """Raises SealerStopped if the sealer stopped for good."""
        if self._stopped_by is not None:
            raise SealerStopped(f"Nothing is signed any more. {self._stopped_by}") from self._stopped_by

    async def signed_so_far(self) -> SignedSoFar:
        """How much of the log is signed, by whichever process."""
        return await signed_so_far(self._pool)

    async def run(self) -> None:
        """Seal and sign whenever this process leads. Returns only when what is there contradicts what was signed."""
        while True:
            try:
                async with leadership(self._pool, Lead.SEALER) as lost:
                    await self._lead(lost)
            except Exception as error:
                end_if_told()
                if not is_passing(error):
                    self._stop(error)
                    return
                log.warning("the sealer waits", reason=reason(error))
                await asyncio.sleep(_RETRY_SECONDS)

    async def _lead(self, lost: asyncio.Event) -> None:
        """Seal until the leadership is lost, or somebody else took our session for dead. Raises what stops us."""
        tasks = [asyncio.create_task(work) for work in (self._seal(), lost.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                with suppress(Fenced):
                    task.result()
        finally:
            await stop(*tasks)

    async def step(self, claim: Checkpoint) -> Checkpoint:
        """Seal what is full, for as long as a checkpoint may wait, and sign. Raises Fenced, and what stops us."""
        sign_at = time.monotonic() + self._every_seconds
        async with self._pool.acquire() as conn:
            head = await head_position(conn)
            # A checkpoint of what a failover could take back would convict the log that is left of having been cut.
            await replicated(conn)
        if head < claim.position:
            raise LogHole(f"it ends at {head}, and {claim.position} events of it were sealed")
        full = head // TILE_HASHES * TILE_HASHES
        while claim.position < full:
            claim = await self._add(claim, min(full, claim.position + BATCH_EVENTS))
            if time.monotonic() >= sign_at:
                break
        # Far behind, what is sealed so far is signed: nobody waits for the rest to be proven something.
        await self._sign(claim, head if claim.position == full else claim.position)
        return claim

    async def _seal(self) -> None:
        claim = await Checkpoint.claim(self._pool, CHECKPOINT)
        while True:
            began = time.monotonic()
            claim = await self.step(claim)
            await asyncio.sleep(began + self._every_seconds - time.monotonic())

    async def _add(self, claim: Checkpoint, end: int) -> Checkpoint:
        async with self._pool.acquire() as conn, conn.transaction():
            # What a crash of the server loses of the tree is made anew; appends need not share their disk with it.
            await conn.execute("SET LOCAL synchronous_commit = off")
            # First: who is fenced must not write, and a claim waits here until we have committed.
            moved = await claim.advance(conn, end)
            await seal(conn, claim.position, end)
        return moved

    async def _sign(self, claim: Checkpoint, tree_size: int) -> SignedCheckpoint | None:
        if self._signing is None or tree_size == 0:
            return None
        async with self._pool.acquire() as conn, conn.transaction():
            return await self._signing.sign(conn, tree_size, claim)

    def _stop(self, error: Exception) -> None:
        self._stopped_by = error
        log.critical(
            "NOTHING IS SIGNED ANY MORE, until a person decides: the log is not what was sealed or signed before",
            reason=reason(error),
            mend="find out why; if the log is to go on as it is, keep what was signed last (the file .last beside the"
            " signing key) as evidence, move it away, set another AMENDS_CHECKPOINT_DIR if there is one, and start the"
            " workflow again",
            exc_info=error,
        )
