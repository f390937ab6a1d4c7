"""An index by which receipts are found faster. A step of its own: it may have taken minutes to build when the next one,
which needs the table for itself, has to give way to writers."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/receipts_by_hash")


def downgrade() -> None:
    raise NotImplementedError("The release before runs on this schema: there is no need of a way back.")
