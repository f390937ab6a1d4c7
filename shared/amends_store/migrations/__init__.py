"""The schema's history: one file in `versions/` for each step, each naming the SQL files it runs.

A step is `NNNN_what_it_brings.py` with `revision = "NNNN"` and `down_revision` the one before; start from 0001.
A SQL file that a released step runs is never edited: the next step brings a file that alters or replaces.
"""

from __future__ import annotations

from typing import Any

from alembic import op

from amends_store.statements import SQL_DIRECTORY


def run(*names: str) -> None:
    """Run whole SQL files, for example `run("schema/events")`, in the transaction of the migration."""
    # asyncpg takes several statements at once only when they are not prepared, as SQLAlchemy would have them.
    adapted = op.get_bind().connection.dbapi_connection
    assert adapted is not None
    for name in names:
        text = (SQL_DIRECTORY / f"{name}.sql").read_text(encoding="utf-8")

        async def execute(connection: Any, text: str = text) -> None:
            await connection.execute(text)

        adapted.run_async(execute)
