"""Who read whose personal data, and what for."""

from __future__ import annotations

from alembic import op

from amends_store.migrations import run

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/personal_data_readings")
    # The release before has nothing to do with it.
    op.execute("SELECT put_up_wall('personal_data_readings', 'public', false)")


def downgrade() -> None:
    raise NotImplementedError("The record of readings is evidence: there is no way back to a schema without it.")
