"""What Alembic runs for each command: the steps, in one transaction, on the connection that migrate.py made."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        # One migration of this database at a time; who waited then finds nothing left to do. The statement also
        # begins the transaction, which SQL run beside SQLAlchemy would not.
        connection.execute(text("SELECT pg_advisory_xact_lock(CAST(x'616d656e' AS integer), 0)"))
        context.run_migrations()


run(context.config.attributes["connection"])
