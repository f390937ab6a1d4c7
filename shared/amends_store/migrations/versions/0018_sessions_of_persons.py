"""Sessions at the console of whoever comes by the identity provider."""

from __future__ import annotations

from alembic import op

from amends_store.migrations import run

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("functions/walls", "schema/person_sessions")
    # The release before has nothing to do with it.
    op.execute("SELECT put_up_wall('person_sessions', 'public', false)")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead: there is no way back.")
