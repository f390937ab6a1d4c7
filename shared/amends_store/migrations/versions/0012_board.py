"""Indexes for what the board counts."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/board_indexes")


def downgrade() -> None:
    raise NotImplementedError("Schemas only go forward; the read model can be made anew from the log at any time.")
