"""The digest: which mails were sent, and what of the read model the notifier may read to write them."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/digests")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead: there is no way back.")
