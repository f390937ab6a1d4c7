"""Receipts are found by that index, and may be forgotten after a time."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/receipts_kept_by_hash", "functions/forget_receipts")


def downgrade() -> None:
    raise NotImplementedError("The release before runs on this schema: there is no need of a way back.")
