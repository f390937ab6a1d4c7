"""Row-level security: no service and no question sees more than is theirs, whatever its statement forgets."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from amends_store.migrations import run

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("functions/walls", "functions/put_up_wall", "functions/put_up_walls")
    # The release before says no tenant. It runs where some service of it has registered its policy.
    if op.get_bind().execute(text("SELECT EXISTS (SELECT FROM policies)")).scalar_one():
        op.execute("SELECT put_up_walls(true)")
    else:
        run("statements/finish_upgrade")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead: there is no way back.")
