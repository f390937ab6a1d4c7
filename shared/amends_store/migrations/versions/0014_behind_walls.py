"""What row-level security needs: the role that questions are answered under, and look-ups that stay quick behind it."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/enquiry_role", "schema/behind_walls", "functions/branch_of_case", "functions/flagged_cases")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead: there is no way back.")
