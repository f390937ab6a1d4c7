"""What cannot be digested: messages that nobody can read, hints that are none, timers that cannot fire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import uuid4

import asyncpg
import nats.errors

from amends_platform.hints import hint_subject
from tests.faults.kinds.kind import Fault, Kind
from tests.faults.world import World
from tests.support.notifying import connected
from tests.support.system import until

_GARBAGE: Final = b"\xff\x00{not json"
_SUBJECTS: Final = {"the-stream": "amends.v1.default.event.garbage", "hints": hint_subject("default")}

# Of a case that is under way, and made for the version that it has: it is due now, and cannot become an event.
POISON_CLOCK: Final = "poison"
_POISON_TIMER: Final = """
INSERT INTO timers (
    case_id, clock, generation, step, tenant, event_type, fires_at, case_version, policy_hash, correlation_id, data
)
SELECT e.stream_id, $3, 1, -1, 'default', $1, log_now(), e.version, NULL, gen_random_uuid(), $2
FROM (
    SELECT DISTINCT ON (stream_id) stream_id, version, position
    FROM (SELECT * FROM events ORDER BY position DESC LIMIT 200) AS newest
    ORDER BY stream_id, version DESC
) AS e
ORDER BY e.position DESC
LIMIT 3
ON CONFLICT DO NOTHING
"""
_TIMERS: Final = {
    "not-json": ("deadline-breached", "this is no object"),
    "cut-short": ("reminder-issued", '{"clock": "apology", "generation": '),
    "not-an-object": ("case-escalated", '["a", "list"'),
}


@asynccontextmanager
async def _poison_message(world: World, fault: Fault) -> AsyncIterator[None]:
    id_ = str(uuid4())
    world.planted.add(id_)
    # Whoever poisons a broker finds it away like anybody else.
    with suppress(OSError, nats.errors.Error):
        async with connected(world.nats_url) as client:
            await client.publish(_SUBJECTS[fault.victim], _GARBAGE, headers={"ce-id": id_})
            await client.flush(timeout=2)
    yield


@asynccontextmanager
async def _poison_timer(world: World, fault: Fault) -> AsyncIterator[None]:
    async with world.database() as connection:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await connection.execute(_POISON_TIMER, *_TIMERS[fault.victim], POISON_CLOCK, timeout=5)
    yield

    async def is_gone() -> bool:
        """In quarantine; or made away with, when its case moved on."""
        async with world.database() as connection:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                return not await connection.fetchval("SELECT count(*) FROM timers WHERE clock = $1", POISON_CLOCK)
        return False

    await until(is_gone, lambda: f"a timer that cannot fire stays in the way\n{world.output}")


POISON: Final = (
    Kind("poison-message", tuple(_SUBJECTS), _poison_message, seconds=(0.0, 0.1), weight=2),
    Kind("poison-timer", tuple(_TIMERS), _poison_timer, seconds=(0.0, 0.5), weight=4),
)
