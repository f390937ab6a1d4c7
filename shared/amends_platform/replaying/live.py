"""The live state, as the workflow's tables hold it: read in order of the case ids, a slice at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from amends_domain.events import Reclassified
from amends_platform.replaying.expected import (
    ALERT_COLUMNS,
    CASE_COLUMNS,
    DEADLINE_COLUMNS,
    NOTHING,
    TIMER_COLUMNS,
    DeadlineKey,
    Rows,
    TimerKey,
    Values,
    timer_data,
)
from amends_platform.replaying.fired import FIRED

CHECKPOINT: Final = "read-model"
_SLICE_CASES_MAX: Final = 2_000
_LAST_ID: Final = UUID(int=2**128 - 1)
_FIRST_ID: Final = UUID(int=0)

_CASES: Final = f"SELECT id, {', '.join(CASE_COLUMNS)} FROM cases WHERE id > $1 ORDER BY id LIMIT $2"  # noqa: S608
_IN_SLICE: Final = "WHERE case_id > $1 AND case_id <= $2"
_DEADLINES: Final = f"SELECT case_id, clock, generation, {', '.join(DEADLINE_COLUMNS)} FROM deadlines {_IN_SLICE}"  # noqa: S608
# Those of generation 0 are about other cases too: see CROSS_CASE_COLUMNS.
_TIMERS: Final = (
    f"SELECT case_id, clock, generation, step, {', '.join(TIMER_COLUMNS)} FROM timers"  # noqa: S608
    f" {_IN_SLICE} AND generation > 0"
)
_ALERTS: Final = f"SELECT case_id, position, {', '.join(ALERT_COLUMNS)} FROM alerts {_IN_SLICE}"  # noqa: S608
_OF_CASE: Final = "WHERE case_id = $1"
_FIRED_SINCE: Final = "SELECT stream_id, type, data FROM events WHERE position > $1 AND type = ANY($2)"

# What of a deadline has fired: the step of a reminder or an escalation, None for the breach. Of a promise that was
# broken: the type of what follows from that, and 0, for a case is reclassified once.
FiredKey = tuple[str, int, int | None]
RECLASSIFIED: Final[FiredKey] = (Reclassified.TYPE, 0, None)


class Live(NamedTuple):
    """A slice: the rows of every case in it, also of one that has some rows but not its own."""

    rows: dict[UUID, Rows]


async def live_position(conn: asyncpg.Connection) -> int:
    """The position of the log at which the live state stands."""
    return int(await conn.fetchval("SELECT position FROM checkpoints WHERE name = $1", CHECKPOINT) or 0)


async def slices(conn: asyncpg.Connection) -> AsyncIterator[Live]:
    """Everything, in one pass. Run it in a transaction that sees one state throughout."""
    after = _FIRST_ID
    while True:
        cases = await conn.fetch(_CASES, after, _SLICE_CASES_MAX)
        is_last = len(cases) < _SLICE_CASES_MAX
        upper = _LAST_ID if is_last else cases[-1]["id"]
        deadlines = await conn.fetch(_DEADLINES, after, upper)
        timers = await conn.fetch(_TIMERS, after, upper)
        alerts = await conn.fetch(_ALERTS, after, upper)
        yield Live(_together(cases, deadlines, timers, alerts))
        if is_last:
            return
        after = upper


async def live_case(conn: asyncpg.Connection, case_id: UUID) -> Rows:
    """What the tables hold of one case."""
    cases = await conn.fetch(_CASES.replace("id > $1", "id = $1"), case_id, 1)
    deadlines = await conn.fetch(_DEADLINES.replace(_IN_SLICE, _OF_CASE), case_id)
    timers = await conn.fetch(_TIMERS.replace(_IN_SLICE, _OF_CASE), case_id)
    alerts = await conn.fetch(_ALERTS.replace(_IN_SLICE, _OF_CASE), case_id)
    return _together(cases, deadlines, timers, alerts).get(case_id, NOTHING)


async def fired_since(conn: asyncpg.Connection, position: int) -> dict[UUID, set[FiredKey]]:
    """The timers that became events after `position`: they are gone, and the live state has not seen why."""
    fired: dict[UUID, set[FiredKey]] = {}
    for row in await conn.fetch(_FIRED_SINCE, position, list(FIRED)):
        data = orjson.loads(row["data"])
        of_case = fired.setdefault(row["stream_id"], set())
        if "clock" in data:
            of_case.add((data["clock"], data["generation"], data.get("step")))
        elif row["type"] == Reclassified.TYPE:
            of_case.add(RECLASSIFIED)
    return fired


def _together(cases: list[Any], deadlines: list[Any], timers: list[Any], alerts: list[Any]) -> dict[UUID, Rows]:
    own: dict[UUID, Values] = {}
    for row in cases:
        case_id, *values = row
        own[case_id] = tuple(tuple(value) if isinstance(value, list) else value for value in values)
    runs: dict[UUID, dict[DeadlineKey, Values]] = {}
    for row in deadlines:
        case_id, clock, generation, *values = row
        runs.setdefault(case_id, {})[clock, generation] = tuple(values)
    waiting: dict[UUID, dict[TimerKey, Values]] = {}
    for row in timers:
        case_id, clock, generation, step, *values, data = row
        waiting.setdefault(case_id, {})[clock, generation, step] = (*values, timer_data(data))
    told: dict[UUID, dict[int, Values]] = {}
    for row in alerts:
        case_id, position, *values = row
        told.setdefault(case_id, {})[position] = tuple(values)
    return {
        case_id: Rows(own.get(case_id), runs.get(case_id, {}), waiting.get(case_id, {}), told.get(case_id, {}))
        for case_id in own.keys() | runs.keys() | waiting.keys() | told.keys()
    }
