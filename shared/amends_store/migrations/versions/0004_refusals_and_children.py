"""The audit trail of refusals; the cases of an incident found in the log itself."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/refusals", "schema/events_of_incidents")


def downgrade() -> None:
    raise NotImplementedError("The audit trail of refusals is evidence: there is no way back to a schema without it.")
