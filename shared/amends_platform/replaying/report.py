"""The report of a replay, for an auditor to keep: what was compared, by which policies, and every difference.

The same log makes the same report, but for the line that says when it was made and by which version.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from amends_platform.evidence.tree_head import SignedCheckpoint, checkpoint_at_or_after, latest_checkpoint
from amends_platform.replaying.differences import Difference
from amends_platform.replaying.messages import MessagesCompared
from amends_platform.replaying.replays import Replayed

FORMAT: Final = "amends-replay-report/1"

_POLICIES: Final = """
SELECT p.name, p.version, e.policy_hash, count(*) AS events, min(e.position) AS first, max(e.position) AS last
FROM events AS e
LEFT JOIN policies AS p ON p.hash = e.policy_hash
WHERE e.policy_hash IS NOT NULL AND e.position <= $1 AND ($2::uuid IS NULL OR e.stream_id = $2)
GROUP BY p.name, p.version, e.policy_hash
ORDER BY first
"""

_EVENTS: Final = "SELECT position, type, version, recorded_at FROM events WHERE position = ANY($1)"


@dataclass(frozen=True)
class PolicyUse:
    """A policy that events were judged by, and which. `name` is empty where the database does not have it."""

    name: str
    version: int
    hash: str
    events: int
    first_position: int
    last_position: int


@dataclass(frozen=True)
class EventTold:
    """The event at a position."""

    type: str
    version: int
    recorded_at: datetime


@dataclass(frozen=True)
class Report:
    """`subject` says what was replayed; `messages` is what came of comparing them, or why they were not.

    `events` are those that differences name, by position.
    """

    subject: str
    replayed: Replayed
    compared: bool
    messages: MessagesCompared | str
    policies: tuple[PolicyUse, ...]
    events: Mapping[int, EventTold]
    checkpoint: SignedCheckpoint | None
    made_at: datetime
    made_by: str


async def policies_used(conn: asyncpg.Connection, position: int, case_id: UUID | None) -> tuple[PolicyUse, ...]:
    """The policies of the events up to `position`, of one case or of all, in the order in which they came."""
    rows = await conn.fetch(_POLICIES, position, case_id)
    return tuple(
        PolicyUse(r["name"] or "", r["version"] or 0, r["policy_hash"].hex(), r["events"], r["first"], r["last"])
        for r in rows
    )


async def events_told(conn: asyncpg.Connection, differences: Iterable[Difference]) -> dict[int, EventTold]:
    """The events that differences name, by position."""
    rows = await conn.fetch(_EVENTS, sorted({difference.position for difference in differences}))
    return {row["position"]: EventTold(row["type"], row["version"], row["recorded_at"]) for row in rows}


async def checkpoint_of_replay(conn: asyncpg.Connection, position: int) -> SignedCheckpoint | None:
    """The oldest signed checkpoint that covers all that was replayed; failing that the newest one."""
    return await checkpoint_at_or_after(conn, position) or await latest_checkpoint(conn)


def document_of(report: Report) -> dict[str, Any]:
    """The report as JSON values."""
    replayed, checkpoint = report.replayed, report.checkpoint
    return {
        "format": FORMAT,
        "made_at": report.made_at.isoformat(),
        "made_by": report.made_by,
        "subject": report.subject,
        "identical": not replayed.differences if report.compared else None,
        "events": replayed.events,
        "cases": replayed.cases,
        "position": replayed.position,
        "compared": replayed.compared,
        "states": dict(sorted(replayed.states.items())),
        "messages": messages_document(report.messages),
        "policies": [asdict(policy) for policy in report.policies],
        "checkpoint": None
        if checkpoint is None
        else {
            "tree_size": checkpoint.tree_size,
            "root_hash": base64.b64encode(checkpoint.root_hash).decode(),
            "signed_at": checkpoint.signed_at.isoformat(),
        },
        "differences": [
            told | {"event": _event(report.events.get(told["position"]))} for told in differences_document(replayed)
        ],
    }


def messages_document(messages: MessagesCompared | str) -> dict[str, Any]:
    """What came of comparing the messages, as JSON values; their differences are among the others."""
    if isinstance(messages, str):
        return {"compared": False, "reason": messages}
    counted = asdict(messages)
    del counted["differences"]
    return {"compared": True, **counted}


def differences_document(replayed: Replayed) -> list[dict[str, Any]]:
    """The differences as JSON values."""
    return [difference._asdict() | {"case_id": str(difference.case_id)} for difference in replayed.differences]


def _event(event: EventTold | None) -> dict[str, Any] | None:
    return None if event is None else asdict(event) | {"recorded_at": event.recorded_at.isoformat()}
