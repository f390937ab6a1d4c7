"""Long logs at once: events whose content nobody looks at, with hashes of their own."""

from __future__ import annotations

from tests.support.postgres import Database


async def fill_log(database: Database, after: int, last: int, *, history: int = 0) -> None:
    """Events at the positions after `after` up to `last`, each the first of its stream; by the owner, unchecked.

    Their hashes are the same for the same history, whatever the database.
    """
    await database.execute(f"""
        INSERT INTO events (position, stream_id, version, id, type, schema_version, occurred_at, recorded_at,
                            tenant, actor, correlation_id, data, leaf_hash)
        SELECT p, gen_random_uuid(), 1, gen_random_uuid(), 'filler', 1, now(), now(),
               'default', 'nobody', gen_random_uuid(), '{{}}', sha256(int8send(p) || int4send({history}))
        FROM generate_series({after + 1}, {last}) AS p
    """)
