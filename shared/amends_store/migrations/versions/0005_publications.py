"""Which policy was published when: the one in force is the last."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/publications")


def downgrade() -> None:
    raise NotImplementedError("What was in force when is evidence: there is no way back to a schema without it.")
