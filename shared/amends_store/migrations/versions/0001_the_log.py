"""The log: events, receipts, data keys, checkpoints, policies, API keys, timers, and the roles of the services."""

from __future__ import annotations

from amends_store.migrations import run

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("schema/roles")
    run("functions/log_now", "functions/lock_log", "functions/framed", "functions/leaf_hash")
    run("schema/events", "schema/events_append_only", "schema/log_head")
    run("schema/receipts", "schema/data_keys", "schema/checkpoints", "schema/policies", "schema/api_keys")
    run("schema/timers", "schema/batch_types", "functions/append_batch", "functions/fire_due_timers")
    run("schema/grants")


def downgrade() -> None:
    raise NotImplementedError("The log is append-only: there is no way back to a schema that cannot hold it.")
