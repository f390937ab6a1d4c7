"""Timers are chosen before the log is locked, and found the same way whatever the statistics say."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("functions/fire_due_timers", "functions/catch_up_timers")


def downgrade() -> None:
    raise NotImplementedError("Schemas only go forward; the release before runs on this one as it is.")
