"""All that is due of a case fires at once, and what was left undone is caught up with in the database."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("functions/fire_due_timers", "functions/catch_up_timers")


def downgrade() -> None:
    raise NotImplementedError("Schemas only go forward; the release before runs on this one as it is.")
