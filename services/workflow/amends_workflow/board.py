"""The board: how the desk stands, counted in one snapshot of the read model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from amends_domain.case import ALL_BRANCHES, OPEN, Status
from amends_store.read import Executor
from amends_workflow.answering import Answering
from amends_workflow.enquiries import Enquirer
from amends_workflow.projection import CHECKPOINT
from amends_workflow.reports.cutting import beginning_of, in_force_at
from amends_workflow.statements import statement
from amends_workflow.view import widen

# At which one count of ages ends and the next begins.
AGE_DAYS: Final = (1, 3, 7, 15, 30)
_AGES: Final = [days * 86_400.0 for days in AGE_DAYS]
HOURS: Final = 7 * 24
_DAY_HOURS: Final = 24

_CASES, _HOURS, _OVERDUE, _TODAY, _UNACKNOWLEDGED, _INCIDENTS = (
    statement(f"board_{part}") for part in ("cases", "hours", "overdue", "today", "unacknowledged", "incidents")
)

Rows = Sequence[Mapping[str, Any]]


async def board_of(of: Answering, asked: Enquirer, branch: str | None) -> dict[str, Any]:
    """The shape of BoardAnswer: of one branch, or of all that who asks may see."""
    tenant = asked.scope.tenant
    branches = _branches(asked, branch)
    # The incidents of all branches are each branch's, too.
    of_incidents = None if branches is None else [*branches, ALL_BRANCHES] if branches else []
    async with of.view_of(asked).reading("repeatable_read") as conn:
        # To start workers takes longer than they would save, and they would be taken from those who record.
        await conn.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        now: datetime = await conn.fetchval("SELECT log_now()")
        position = await conn.fetchval("SELECT position FROM checkpoints WHERE name = $1", CHECKPOINT)
        zone = await _zone(conn, of, tenant, now)
        midnight, hour = _midnight(now, zone), _hour(now, zone)
        # In the order in which a rebuild locks the tables.
        hours = await conn.fetch(_HOURS, tenant, branches, now, hour, HOURS)
        overdue = await conn.fetch(_OVERDUE, tenant, branches, now)
        cases = await conn.fetch(_CASES, tenant, branches, now, _AGES)
        today = await conn.fetch(_TODAY, tenant, branches, midnight)
        unacknowledged = await conn.fetch(_UNACKNOWLEDGED, tenant, branches)
        # How many cases an incident has is told whole, also where most are other branches'.
        await widen(conn)
        incidents = await conn.fetch(_INCIDENTS, tenant, of_incidents)
    due = _sums(hours, "hour", "due")
    seen = _sums(unacknowledged, "kind", "alerts")
    return {
        "at": now,
        "position": position or 0,
        "timezone": zone.key,
        "branch": branch or asked.only_branch,
        "age_days": AGE_DAYS,
        "open": _ages(cases),
        "states": [
            {"state": state.value, **_ages([row for row in cases if row["state"] == state])}
            for state in Status
            if state in OPEN
        ],
        "overdue": sum(row["overdue"] for row in overdue),
        "hours": [{"begins_at": hour + timedelta(hours=n), "due": due[n]} for n in range(HOURS)],
        "today": {"begins_at": midnight, **_today(today)},
        "unacknowledged": {
            "reminders": seen["reminder"],
            "breaches": seen["breach"],
            "escalations": seen["escalation"],
        },
        "incidents": incidents,
        "branches": _by_branch(cases, hours, overdue, today, unacknowledged),
    }


def _branches(asked: Enquirer, branch: str | None) -> list[str] | None:
    own = asked.scope.branches
    if branch is None:
        return None if own is None else list(own)
    return [branch] if own is None or branch in own else []


async def _zone(conn: Executor, of: Answering, tenant: str, now: datetime) -> ZoneInfo:
    beginning = await beginning_of(conn, tenant, of.policies)
    return ZoneInfo("UTC") if beginning is None else in_force_at(beginning.published, now).calendar.timezone


def _midnight(now: datetime, zone: ZoneInfo) -> datetime:
    local = now.astimezone(zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _hour(now: datetime, zone: ZoneInfo) -> datetime:
    # By the local clock: some zones are half an hour apart from the others.
    return now.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def _sums(rows: Rows, by: str, of: str) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for row in rows:
        sums[row[by]] += row[of]
    return sums


def _ages(rows: Rows) -> dict[str, Any]:
    ages = _sums(rows, "age", "cases")
    return {"total": ages.total(), "ages": [ages[n] for n in range(len(AGE_DAYS) + 1)]}


def _today(rows: Rows) -> dict[str, int]:
    lapses = sum(row["alerts"] for row in rows if row["lapsed"])
    kinds = _sums(rows, "kind", "alerts")
    return {
        "reminders": kinds["reminder"],
        "breaches": kinds["breach"] - lapses,
        "lapses": lapses,
        "escalations": kinds["escalation"],
    }


def _by_branch(cases: Rows, hours: Rows, overdue: Rows, today: Rows, unacknowledged: Rows) -> list[dict[str, Any]]:
    counts = {
        "open": _sums(cases, "branch", "cases"),
        "overdue": _sums(overdue, "branch", "overdue"),
        "due_in_a_day": _sums([row for row in hours if row["hour"] < _DAY_HOURS], "branch", "due"),
        "breaches_today": _sums(_breaches(today), "branch", "alerts"),
        "unacknowledged": _sums(unacknowledged, "branch", "alerts"),
    }
    branches = sorted({branch for count in counts.values() for branch in count})
    return [{"branch": branch, **{what: count[branch] for what, count in counts.items()}} for branch in branches]


def _breaches(today: Rows) -> Rows:
    return [row for row in today if row["kind"] == "breach" and not row["lapsed"]]
