"""Long logs at once: events whose content nobody looks at, with hashes of their own."""

from __future__ import annotations

from tests.support.postgres import Database


async def fill_log(database: Database, after: int, last: int) -> None:
    """Events at the positions after `after` up to `last`, each the first of its stream; by the owner, unchecked."""
    await database.execute(f"""
        INSERT INTO events (position, stream_id, version, id, type, schema_version, occurred_at, recorded_at,
                            tenant, actor, correlation_id, data, leaf_hash)
        SELECT p, gen_random_uuid(), 1, gen_random_uuid(), 'filler', 1, now(), now(),
               'default', 'nobody', gen_random_uuid(), '{{}}', sha256(int8send(p))
        FROM generate_series({after + 1}, {last}) AS p
    """)
