"""Timers are vacuumed after so many have fired, however many wait."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/timers_vacuumed")


def downgrade() -> None:
    raise NotImplementedError("Schemas only go forward; the release before runs on this one as it is.")
