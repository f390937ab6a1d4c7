"""Data keys leave the database; which customer has which stays, and which of them were erased."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/data_keys_erased", "functions/append_batch")


def downgrade() -> None:
    raise NotImplementedError("What was erased must not come back: there is no way to a schema that holds keys.")
