"""The read model learns of hand-offs, escalations, repeats, incidents and merged cases; timers may begin a stream."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/cases_linked", "schema/timers_beginning", "functions/fire_due_timers")


def downgrade() -> None:
    raise NotImplementedError("Schemas only go forward; the read model can be made anew from the log at any time.")
