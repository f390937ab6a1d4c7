"""The read model against the log: what it must hold is what folding every stream gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from amends_domain.alerts import ALERTS
from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.event_codec import decode
from amends_domain.events import AlertAcknowledged, CaseEscalated, DeadlineBreached, ReminderIssued
from amends_domain.evolve import fold
from amends_domain.firings import firings
from amends_domain.policy import Policy
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline, Verdict
from amends_platform.policy.book import PolicyBook
from amends_platform.recorded import all_recorded
from amends_store.read import read_stream
from amends_store.records import StoredEvent

_OF_THE_CASE = (
    *("first_position", "version", "position", "cycle", "kind", "channel", "type", "cause", "branch", "owner"),
    *("grade", "customer_ref", "external_ref", "historical", "received_at", "recorded_at", "updated_at"),
    *("hand_offs", "escalations"),
)
# Of other cases too: what a case is found by, and what is found.
_OF_OTHERS = frozenset(
    {
        *("repeat_of", "owed_incident", "repeat_key", "repeat_since"),
        *("mass_keys", "mass_key", "mass_count", "mass_position", "mass_since", "mass_until"),
    }
)
_OF_THE_DEADLINE = (*("generation", "cycle", "started_at", "due_at", "ended_at", "breach_recorded", "provisional"),)


async def the_read_model_is_what_the_log_says(pool: asyncpg.Pool, case_ids: list[UUID] | None = None) -> None:
    """Compare cases, deadlines, timers and alerts with the folded streams; all of them, or of these cases."""
    book = PolicyBook(pool)
    await book.refresh()
    if case_ids is None:
        rows = await pool.fetch("SELECT DISTINCT stream_id FROM events")
        case_ids = [row["stream_id"] for row in rows]
        assert await pool.fetchval("SELECT count(*) FROM cases") == len(case_ids)
    for case_id in case_ids:
        await _compare(pool, case_id, book.known)


async def _compare(pool: asyncpg.Pool, case_id: UUID, policies: Mapping[str, Policy]) -> None:
    events = await read_stream(pool, case_id)
    case = fold(None, case_id, all_recorded(events))
    assert case is not None
    deadlines = obligations(case, policies)
    row = dict(await pool.fetchrow("SELECT * FROM cases WHERE id = $1", case_id))
    assert {name: value for name, value in row.items() if name not in _OF_OTHERS} == _expected_case(
        case, deadlines, events[0].tenant
    )
    deadline_rows = await pool.fetch("SELECT * FROM deadlines WHERE case_id = $1 ORDER BY clock, generation", case_id)
    expected = sorted(deadlines, key=lambda deadline: (deadline.kind, deadline.generation))
    assert [dict(row) for row in deadline_rows] == [_expected_deadline(case, each, row["tenant"]) for each in expected]
    await _compare_timers(pool, case, deadlines, events[-1].correlation_id)
    alert_rows = await pool.fetch("SELECT * FROM alerts WHERE case_id = $1 ORDER BY position", case_id)
    assert [dict(row) for row in alert_rows] == list(_expected_alerts(case, events))


def _expected_case(case: Case, deadlines: tuple[Deadline, ...], tenant: str) -> dict[str, Any]:
    due = sorted(
        (each.due_at, each.kind)
        for each in deadlines
        if each.status is Verdict.PENDING
        or (case.is_open and (each.status, each.ended_at, each.cycle) == (Verdict.BREACHED, None, case.cycle))
    )
    return {
        "id": case.id,
        "tenant": tenant,
        "reference": reference_of(case.first_position),
        "state": case.status.value,
        "flags": list(case.flags),
        "breached": any(d.status is Verdict.BREACHED and not d.is_customers for d in deadlines),
        "incident": None if case.incident is None else UUID(case.incident),
        "merged_into": None if case.merged_into is None else UUID(case.merged_into),
        "next_due_at": due[0][0] if due else None,
        "next_due_clock": due[0][1] if due else None,
        **{name: getattr(case, name) for name in _OF_THE_CASE},
    }


def _expected_deadline(case: Case, deadline: Deadline, tenant: str) -> dict[str, Any]:
    return {
        "case_id": case.id,
        "clock": deadline.kind,
        "tenant": tenant,
        "branch": case.branch,
        "status": deadline.status.value,
        "breached_at": deadline.due_at if deadline.status is Verdict.BREACHED else None,
        "policy_hash": bytes.fromhex(deadline.policy),
        **{name: getattr(deadline, name) for name in _OF_THE_DEADLINE},
    }


def _expected_alerts(case: Case, events: list[StoredEvent]) -> Iterator[dict[str, Any]]:
    recorded = all_recorded(events)
    for one in recorded:
        event: Any = one.event
        if not isinstance(event, ReminderIssued | DeadlineBreached | CaseEscalated):
            continue
        by_then = fold(None, case.id, recorded[: one.version])
        assert by_then is not None
        seen = [e for e in recorded if isinstance(e.event, AlertAcknowledged) and e.event.position == one.position]
        yield {
            "position": one.position,
            "case_id": case.id,
            "tenant": events[0].tenant,
            "reference": reference_of(case.first_position),
            "branch": case.branch,
            "kind": ALERTS[event.TYPE],
            "clock": event.clock,
            "role": getattr(event, "to", None),
            "owed_by": getattr(event, "owed_by", None),
            "due_at": event.due_at,
            "owner": by_then.owner,
            "recorded_at": one.recorded_at,
            "acknowledged_by": seen[0].actor if seen else None,
            "acknowledged_at": seen[0].recorded_at if seen else None,
            "acknowledged_position": seen[0].position if seen else None,
        }


async def _compare_timers(
    pool: asyncpg.Pool, case: Case, deadlines: tuple[Deadline, ...], correlation_id: UUID
) -> None:
    # Those of generation 0 are about other cases too.
    rows = await pool.fetch(
        "SELECT * FROM timers WHERE case_id = $1 AND generation > 0 ORDER BY clock, generation, step", case.id
    )
    owed = sorted(firings(case, deadlines), key=lambda each: (each.deadline.kind, each.deadline.generation, each.step))
    assert [(row["clock"], row["generation"], row["step"], row["fires_at"], row["event_type"]) for row in rows] == [
        (each.deadline.kind, each.deadline.generation, each.step, each.at, each.event.TYPE) for each in owed
    ]
    for row, firing in zip(rows, owed, strict=True):
        assert row["case_version"] == case.version
        assert row["correlation_id"] == correlation_id
        assert row["policy_hash"].hex() == firing.deadline.policy
        expected: Any = firing.event
        event = decode(row["event_type"], orjson.loads(row["data"] + ',"late_by_ms":7}'))
        assert event == replace(expected, late_by_ms=7)


async def every_deadline_came_to_its_end_once(pool: asyncpg.Pool, case_id: UUID) -> None:
    """After all times have passed: nothing is pending, each breach is in the log once, each reminder at most once."""
    assert await pool.fetchval("SELECT count(*) FROM timers WHERE case_id = $1", case_id) == 0
    rows = await pool.fetch("SELECT * FROM deadlines WHERE case_id = $1", case_id)
    assert not [row for row in rows if row["status"] == "pending"]
    assert all(row["breach_recorded"] == (row["status"] == "breached") for row in rows)
    fired = await pool.fetch(
        "SELECT type, data FROM events WHERE stream_id = $1 AND actor = 'system:workflow'", case_id
    )
    counted: Counter[tuple[Any, ...]] = Counter()
    for row in fired:
        data = orjson.loads(row["data"])
        counted[row["type"], data.get("clock"), data.get("generation"), data.get("step")] += 1
    assert set(counted.values()) <= {1}
    breaches = {key[1:3] for key in counted if key[0] == "deadline-breached"}
    assert breaches == {(row["clock"], row["generation"]) for row in rows if row["status"] == "breached"}
