"""Alerts, the newest first: reminders, breaches and escalations, and who has acknowledged each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from amends_domain.case import ALL_BRANCHES
from amends_store.read import Executor
from amends_workflow.case_list import Scope
from amends_workflow.conditions import Conditions, fetch_planned
from amends_workflow.pages import POSITION, TIME, Shape, key_time
from amends_workflow.parameters import AlertListParameters

KEY: Final[Shape] = (TIME, POSITION)
_COLUMNS = (
    "position, case_id, reference, branch, kind, clock, role, owed_by, due_at, owner, recorded_at, acknowledged_by,"
    " acknowledged_at, acknowledged_position"
)


class ListedAlerts(NamedTuple):
    """The rows of one page, and the key after which the next begins; None when there is none."""

    rows: list[Any]
    last: tuple[str, int] | None


def alert_query(scope: Scope, wanted: AlertListParameters, after: Sequence[Any] | None) -> tuple[str, list[Any]]:
    """The query for one page, and one row more, that tells whether there is another; and its values."""
    where = Conditions()
    where.add("tenant = {}", scope.tenant)
    if scope.branches is not None:
        # As with cases: those of incidents of all branches are for who asks for just them.
        where.one_of("branch", (ALL_BRANCHES,) if wanted.branch == [ALL_BRANCHES] else scope.branches)
    where.any_of("branch", wanted.branch)
    where.any_of("kind", [str(kind) for kind in wanted.kind])
    where.any_of("clock", wanted.clock)
    if wanted.acknowledged is not None:
        where.add("acknowledged_at IS NOT NULL" if wanted.acknowledged else "acknowledged_at IS NULL")
    if wanted.since is not None:
        where.add("recorded_at >= {}", wanted.since)
    if after is not None:
        where.add("(recorded_at, position) < (CAST(CAST({} AS text) AS timestamptz), {})", *after)
    return (
        f"SELECT {_COLUMNS} FROM alerts WHERE {where}"  # noqa: S608
        f" ORDER BY recorded_at DESC, position DESC LIMIT {where.bind(wanted.limit + 1)}",
        where.values,
    )


async def list_alerts(
    conn: Executor, scope: Scope, wanted: AlertListParameters, after: Sequence[Any] | None
) -> ListedAlerts:
    """One page of alerts. `after` is the key that the page before gave."""
    rows = await fetch_planned(conn, *alert_query(scope, wanted, after))
    if len(rows) <= wanted.limit:
        return ListedAlerts(rows, None)
    last = rows[wanted.limit - 1]
    return ListedAlerts(rows[: wanted.limit], (key_time(last["recorded_at"]), last["position"]))
