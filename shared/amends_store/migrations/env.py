"""What Alembic runs for each command: the steps, each in a transaction, on the connection that migrate.py made."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

_LOCK = "CAST(x'616d656e' AS integer), 0"


def run(connection: Connection) -> None:
    # What a step locks is free again before the next begins: writers wait for the longest of them, not for all.
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
    # One migration of this database at a time; who waited then finds nothing left to do. Held by the session, so that
    # it lasts over the transactions; it ends with the connection, too.
    connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
    # Behind a step that waits for a lock every writer waits, too: it must not. And it gives up before the server's
    # deadlock_timeout (1 s), so that of a step and a writer who wait for one another it is the step that fails.
    connection.execute(text("SET lock_timeout = '500ms'"))
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
    connection.commit()


run(context.config.attributes["connection"])
