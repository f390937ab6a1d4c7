"""How far a follower has come, kept in the database and fenced: the newest claim wins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import asyncpg

from amends_store.errors import Fenced
from amends_store.read import Executor
from amends_store.statements import statement

_CLAIM: Final = statement("claim_checkpoint")
_ADVANCE: Final = statement("advance_checkpoint")
_RELOAD: Final = statement("reload_checkpoint")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A claim on the checkpoint `name`: everything up to `position` is done; `epoch` is this claim's."""

    name: str
    position: int
    epoch: int

    @classmethod
    async def claim(cls, pool: asyncpg.Pool, name: str) -> Checkpoint:
        """Claim the checkpoint, from position 0 if it is new. Whoever held it before is fenced."""
        row = await pool.fetchrow(_CLAIM, name)
        return cls(name, row["position"], row["epoch"])

    async def advance(self, conn: Executor, position: int) -> Checkpoint:
        """Move it in `conn`'s transaction; the answer counts once that commits. Raises Fenced."""
        if await conn.fetchval(_ADVANCE, self.name, self.epoch, self.position, position) is None:
            raise Fenced(f"{self.name}, epoch {self.epoch}")
        return replace(self, position=position)

    async def reload(self, executor: Executor) -> Checkpoint:
        """Where it stands now, for who does not know whether its last move was committed. Raises Fenced."""
        position = await executor.fetchval(_RELOAD, self.name, self.epoch)
        if position is None:
            raise Fenced(f"{self.name}, epoch {self.epoch}")
        return replace(self, position=position)
