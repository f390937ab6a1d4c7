"""What the runbooks ask the database is what this schema can be asked."""

from __future__ import annotations

import re

import asyncpg

from tests.support.alert_rules import RUNBOOKS
from tests.support.postgres import Database


async def test_every_query_of_the_runbooks_runs(database: Database) -> None:
    pages = {path.name: path.read_text("utf-8") for path in RUNBOOKS.glob("*.md")}
    queries = [(name, query) for name, text in pages.items() for query in re.findall(r'-c "([^"]+)"', text)]
    assert len(queries) > 8
    connection = await asyncpg.connect(database.url)
    try:
        for name, query in queries:
            try:
                await connection.fetch(query)
            except asyncpg.PostgresError as error:
                raise AssertionError(f"{name}: {query}: {error}") from error
    finally:
        await connection.close()
