"""The Merkle tree over the log, and the checkpoints that were signed of it."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/merkle_tiles", "schema/signed_checkpoints")


def downgrade() -> None:
    raise NotImplementedError("Signed checkpoints are evidence: there is no way back to a schema without them.")
