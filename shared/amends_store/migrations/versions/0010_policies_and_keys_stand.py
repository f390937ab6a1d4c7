"""Policies, and whose a key is, refuse to be changed, as the log does."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/judged_by")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead: there is no way back.")
