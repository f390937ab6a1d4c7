"""People sign in to the console: sessions, each of an API key."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/sessions")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead: there is no way back.")
