"""How far a follower has come, kept in the database and fenced: the newest claim wins."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from amends_store.read import Executor


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A claim on the checkpoint `name`: everything up to `position` is done; `epoch` is this claim's."""

    name: str
    position: int
    epoch: int

    @classmethod
    async def claim(cls, pool: asyncpg.Pool, name: str) -> Checkpoint:
        """Claim the checkpoint, from position 0 if it is new. Whoever held it before is fenced."""
        raise NotImplementedError

    async def advance(self, conn: Executor, position: int) -> Checkpoint:
        """Move it in `conn`'s transaction; the answer counts once that commits. Raises Fenced."""
        raise NotImplementedError
