"""Keys that expire, keys of development, and a number that tells when one was taken back."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/key_expiry")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead: there is no way back.")
