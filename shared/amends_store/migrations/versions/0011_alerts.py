"""Reminders, breaches and escalations as a list, and who has acknowledged each; filled from the log."""

from __future__ import annotations

from alembic import op

from amends_store.migrations import run

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/alerts", "functions/fill_alerts")
    # What the release before projects until it stops is filled when this one takes over.
    op.execute("SELECT fill_alerts((SELECT k.position FROM checkpoints AS k WHERE k.name = 'read-model'))")


def downgrade() -> None:
    raise NotImplementedError("Schemas only go forward; the read model can be made anew from the log at any time.")
