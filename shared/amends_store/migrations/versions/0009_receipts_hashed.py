"""Idempotency keys are kept as hashes."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("functions/key_hash", "schema/receipts_hashed", "functions/append_batch")


def downgrade() -> None:
    raise NotImplementedError("The keys are not known any more: there is no way back.")
