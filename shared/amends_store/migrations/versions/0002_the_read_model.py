"""The read model: cases and deadlines as the workflow answers questions about them."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/cases", "schema/deadlines", "schema/read_model_grants")


def downgrade() -> None:
    raise NotImplementedError("Schemas only go forward; the read model can be made anew from the log at any time.")
