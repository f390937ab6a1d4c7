"""What follows from cases that belong together: which repeats which, which belong to a mass incident.

It is worked out by sets, in the transaction of the projection, and is the same for batches of any size: everything is
a function of what the log says up to there. What the log has yet to say of it becomes timers, so that each thing
happens once, whatever crashes. Their generation is 0, which no clock of a policy has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from amends_domain.case import INCIDENT, Case
from amends_domain.clocks import UnknownPolicy
from amends_domain.event_codec import encode
from amends_domain.events import Event
from amends_domain.policy import Policy
from amends_platform.matching import owed_links
from amends_platform.openings import MASS, Free, Opening, incident_id, opened_by_itself, openings
from amends_platform.policy.book import PolicyBook
from amends_store.read import Executor
from amends_workflow.statements import statement

_EXTEND_INCIDENTS = statement("extend_incidents")
_FIND_REPEATS = statement("find_repeats")
_FIND_INCIDENTS = statement("find_incidents")
_FREE_COMPLAINTS = statement("free_complaints")
_ORIGINS = statement("origins")
_WRITE_OPENINGS = statement("write_openings")
_RECORDED_AT = statement("recorded_at")

Row = dict[str, Any]


class Owed(NamedTuple):
    """What the log may have yet to say of a case: that it repeats another, that it belongs to an incident."""

    repeat_of: UUID | None
    incident: UUID | None


class Linked(NamedTuple):
    """What was worked out for a batch. `changed`: cases that are not in it but are concerned, and their versions."""

    owed: Mapping[UUID, Owed]
    changed: Mapping[UUID, int]


async def link(conn: Executor, rows: Sequence[Row], before: Sequence[Any], policies: PolicyBook) -> Linked:
    """Work out what has changed by these rows of `cases`, which have just been written; `before` says what was.

    Raises UnknownPolicy.
    """
    now = {row["id"]: row for row in rows}
    owed = {was["id"]: Owed(was["repeat_of"], was["owed_incident"]) for was in before}
    changed: dict[UUID, int] = {}
    for row in await _repeats(conn, now, before):
        owed[row["id"]] = Owed(row["repeat_of"], row["owed_incident"])
        changed[row["id"]] = row["version"]
    for row in await _incidents(conn, now, before, policies):
        owed[row["id"]] = Owed(row["repeat_of"], row["owed_incident"])
        changed[row["id"]] = row["version"]
    return Linked(owed, {case_id: version for case_id, version in changed.items() if case_id not in now})


async def recorded_at(conn: Executor, linked: Linked) -> Mapping[UUID, Any]:
    """When the incidents were recorded that cases have yet to be linked to."""
    incidents = {owed.incident for owed in linked.owed.values() if owed.incident is not None}
    if not incidents:
        return {}
    return {row["id"]: row["recorded_at"] for row in await conn.fetch(_RECORDED_AT, list(incidents))}


def link_timers(
    case: Case, tenant: str, correlation_id: UUID, owed: Owed, incidents_recorded_at: Mapping[UUID, Any]
) -> list[Row]:
    """The timers of what the log has yet to say of the case, as rows of `timers`."""
    incident = owed.incident
    found = owed_links(case, owed.repeat_of, incident, None if incident is None else incidents_recorded_at[incident])
    policy = case.marks[0].policy
    return [
        _timer(case.id, clock, tenant, at, case.version, policy, correlation_id, event) for clock, at, event in found
    ]


async def _repeats(conn: Executor, now: Mapping[UUID, Row], before: Sequence[Any]) -> list[Any]:
    moved = [was for was in before if was["old_repeat_key"] != now[was["id"]]["repeat_key"]]
    if not moved:
        return []
    # Nothing that is new can be the earlier complaint of one that was there before.
    renamed = [was for was in moved if not was["is_new"]]
    keys = {was["old_repeat_key"] for was in renamed} | {now[was["id"]]["repeat_key"] for was in renamed}
    found: list[Any] = await conn.fetch(_FIND_REPEATS, [was["id"] for was in moved], [*(keys - {None})])
    return found


async def _incidents(conn: Executor, now: Mapping[UUID, Row], before: Sequence[Any], policies: PolicyBook) -> list[Any]:
    moved = [was for was in before if _has_moved(was, now[was["id"]])]
    begun_or_ended = [
        was for was in before if now[was["id"]]["kind"] == INCIDENT and was["old_state"] != now[was["id"]]["state"]
    ]
    if not moved and not begun_or_ended:
        return []
    joined = [was["id"] for was in moved if was["old_incident"] is None and now[was["id"]]["incident"] is not None]
    extended = [row["id"] for row in await conn.fetch(_EXTEND_INCIDENTS, joined)] if joined else []
    found: list[Any] = await conn.fetch(
        _FIND_INCIDENTS,
        [was["id"] for was in moved],
        [*extended, *(was["id"] for was in begun_or_ended)],
        [was["id"] for was in begun_or_ended if was["is_new"] and now[was["id"]]["mass_until"] == "infinity"],
    )
    await _open(conn, now, moved, found, policies)
    return found


def _has_moved(was: Any, row: Row) -> bool:
    """Whether a complaint may belong to other incidents than before."""
    return row["kind"] != INCIDENT and (
        was["old_mass_keys"] != row["mass_keys"]
        or was["old_mass_key"] != row["mass_key"]
        or str(was["old_incident"] or "") != (row["incident"] or "")
    )


async def _open(
    conn: Executor, now: Mapping[UUID, Row], moved: Sequence[Any], found: Sequence[Any], policies: PolicyBook
) -> None:
    """Make, and unmake, the timers of incidents that open themselves, wherever complaints came or were taken up."""
    marks = {(was["old_mass_key"], was["old_mass_position"]) for was in moved}
    marks |= {(now[was["id"]]["mass_key"], now[was["id"]]["mass_position"]) for was in moved}
    marks |= {(row["mass_key"], row["mass_position"]) for row in found}
    marks = {mark for mark in marks if mark[0] is not None}
    if not marks:
        return
    ids = [each["id"] for each in (*moved, *found)]
    free = [Free._make(row) for row in await conn.fetch(_FREE_COMPLAINTS, [*{key for key, _ in marks}], ids)]
    marks |= {(each.key, each.position) for each in free}
    timers = await _opening_timers(conn, list(openings(free)), policies)
    await conn.execute(_WRITE_OPENINGS, [incident_id(key, position) for key, position in marks], _json(timers))


async def _opening_timers(conn: Executor, opening: Sequence[Opening], policies: PolicyBook) -> list[Row]:
    if not opening:
        return []
    rows = await conn.fetch(_ORIGINS, [each.position for each in opening])
    origins = {row["position"]: row for row in rows}
    return await policies.judge(lambda known: [_opening_timer(each, origins[each.position], known) for each in opening])


def _opening_timer(opening: Opening, origin: Any, policies: Mapping[str, Policy]) -> Row:
    policy = origin["policy_hash"].hex()
    if policy not in policies:
        raise UnknownPolicy(policy)
    # It became one when the last of them came in, whenever that was found out.
    case_id = incident_id(opening.key, opening.position)
    event = opened_by_itself(opening, policies[policy])
    return _timer(case_id, MASS, origin["tenant"], opening.at, 0, policy, origin["correlation_id"], event)


def _timer(
    case_id: UUID,
    clock: str,
    tenant: str,
    fires_at: Any,
    case_version: int,
    policy: str | None,
    correlation_id: UUID,
    event: Event,
) -> Row:
    return {
        "case_id": case_id,
        "clock": clock,
        "generation": 0,
        "step": 0,
        "tenant": tenant,
        "event_type": event.TYPE,
        "fires_at": fires_at,
        "case_version": case_version,
        "policy_hash": None if policy is None else "\\x" + policy,
        "correlation_id": correlation_id,
        "data": unfinished(event),
    }


def unfinished(event: Event) -> str:
    """The event's data, open at the end: the store adds `late_by_ms` and the closing brace when it fires."""
    clear, _ = encode(event)
    del clear["late_by_ms"]
    return orjson.dumps(clear)[:-1].decode()


def _json(rows: Sequence[Row]) -> str:
    return orjson.dumps(list(rows), default=str).decode()
