"""From an event, and its case just after it, to what readers are told of it. Nothing personal is ever in it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import orjson

from amends_domain.case import Case
from amends_domain.events import CaseEscalated, DeadlineBreached, Event, ReminderIssued
from amends_domain.evolve import evolve
from amends_domain.reference import reference_of
from amends_platform.recorded import recorded
from amends_store.read import Executor
from amends_store.records import StoredEvent
from amends_workflow.known_cases import Known, KnownCases


class Kind(StrEnum):
    """What a reader may listen for; the name of the server-sent event."""

    CASE = "case"
    REMINDER = "reminder"
    BREACH = "breach"
    ESCALATION = "escalation"


_KINDS: dict[type[Event], Kind] = {
    ReminderIssued: Kind.REMINDER,
    DeadlineBreached: Kind.BREACH,
    CaseEscalated: Kind.ESCALATION,
}


class Happening(NamedTuple):
    """One event of the log, and its frame: the bytes that every reader of it is sent."""

    position: int
    tenant: str
    branch: str
    kind: Kind
    frame: bytes


async def happenings_of(conn: Executor, rows: Iterable[StoredEvent], known: KnownCases) -> list[Happening]:
    """What these rows, which follow one another, tell. Raises UnknownEventType, BrokenStream, asyncpg's errors."""
    rows = list(rows)
    before: dict[UUID, int] = {}
    for row in rows:
        before.setdefault(row.stream_id, row.version - 1)
    cases: dict[UUID, Case | None] = {each.case.id: each.case for each in (await known.at(conn, before)).values()}
    told: list[Happening] = []
    last: dict[UUID, Known] = {}
    for row in rows:
        one = recorded(row)
        case = evolve(cases.get(row.stream_id), row.stream_id, one)
        cases[row.stream_id] = case
        last[row.stream_id] = Known(case, row.tenant, row.correlation_id)
        told.append(_happening(row, one.event, case))
    known.remember(last.values())
    return told


def _happening(row: StoredEvent, event: Event, case: Case) -> Happening:
    kind = _KINDS.get(type(event), Kind.CASE)
    said = {
        "position": row.position,
        "case_id": str(case.id),
        "reference": reference_of(case.first_position),
        "type": event.TYPE,
        "branch": case.branch,
        "state": case.status,
        "owner": case.owner,
        "grade": case.grade,
        "clock": getattr(event, "clock", None),
        "to": event.to if isinstance(event, CaseEscalated) else None,
        "due_at": getattr(event, "due_at", None),
        "occurred_at": row.occurred_at,
    }
    return Happening(row.position, row.tenant, case.branch, kind, frame(kind, row.position, said))


def frame(name: str, position: int, said: dict[str, object]) -> bytes:
    """One server-sent event. JSON has no line breaks in it, so its data is one line."""
    data = orjson.dumps(said, option=orjson.OPT_UTC_Z)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (position, name.encode(), data)


def mark(position: int, remark: str) -> bytes:
    """A comment, which no listener is told of; whoever reconnects after it goes on from the position."""
    return b": %s\nid: %d\n\n" % (remark.encode(), position)
