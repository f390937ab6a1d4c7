"""Deadlines by status and clock, the earliest due first, each with the case it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from amends_store.read import Executor
from amends_workflow.case_list import Scope
from amends_workflow.conditions import Conditions, fetch_planned
from amends_workflow.pages import ID, NAME, TIME, VERSION, Shape, key_time
from amends_workflow.parameters import DeadlineListParameters

KEY: Final[Shape] = (TIME, ID, NAME, VERSION)


class ListedDeadlines(NamedTuple):
    """The rows of one page, and the key after which the next begins; None when there is none."""

    rows: list[Any]
    last: tuple[str, str, str, int] | None


class PastDeadlines(NamedTuple):
    """In which rows a past is found: in those of cases that did not move after a time, and in `deadlines` and `cases`,
    JSON arrays of rows for those that did."""

    unmoved_since: datetime
    deadlines: str
    cases: str


def deadline_query(
    scope: Scope, wanted: DeadlineListParameters, after: Sequence[Any] | None, past: PastDeadlines | None = None
) -> tuple[str, list[Any]]:
    """The query for one page, and one row more, that tells whether there is another; and its values."""
    where = Conditions()
    where.add("tenant = {}", scope.tenant)
    if scope.branches is not None:
        where.one_of("branch", scope.branches)
    where.any_of("branch", wanted.branch)
    where.any_of("status", [str(status) for status in wanted.status])
    where.any_of("clock", wanted.kind)
    if wanted.due_before is not None:
        where.add("due_at < {}", wanted.due_before)
    if after is not None:
        where.add(
            "(due_at, case_id, clock, generation) > (CAST(CAST({} AS text) AS timestamptz),"
            " CAST(CAST({} AS text) AS uuid), {}, {})",
            *after,
        )
    ordered = f"ORDER BY due_at, case_id, clock, generation LIMIT {where.bind(wanted.limit + 1)}"
    deadlines, cases = f"SELECT * FROM deadlines WHERE {where} {ordered}", "cases"  # noqa: S608
    if past is not None:
        deadlines, cases = _in_the_past(where, ordered, past)
    # The page is cut out before cases are looked up, so that only its rows are.
    query = f"""
        SELECT
            d.case_id, d.clock, d.generation, d.cycle, d.status, d.started_at, d.due_at, d.ended_at, d.breached_at,
            d.provisional, d.policy_hash, d.branch, c.reference, c.owner, c.grade, c.state
        FROM ({deadlines}) AS d
        JOIN {cases} AS c ON c.id = d.case_id
        ORDER BY d.due_at, d.case_id, d.clock, d.generation"""  # noqa: S608
    return query, where.values


def _in_the_past(where: Conditions, ordered: str, past: PastDeadlines) -> tuple[str, str]:
    """One page of what stands and of what has moved, and the cases of both."""
    unmoved_since = where.bind(past.unmoved_since)
    moved = f"json_populate_recordset(CAST(NULL AS deadlines), CAST({where.bind(past.deadlines)} AS json))"
    moved_cases = f"json_populate_recordset(CAST(NULL AS cases), CAST({where.bind(past.cases)} AS json))"
    # Looked up one by one: so the table is read in the order of an index, and no further than a page.
    unmoved = f"(SELECT c.updated_at FROM cases AS c WHERE c.id = case_id) <= {unmoved_since}"  # noqa: S608
    deadlines = f"""
        SELECT * FROM (
            (SELECT * FROM deadlines WHERE {where} AND {unmoved} {ordered})
            UNION ALL
            (SELECT * FROM {moved} AS deadlines WHERE {where} {ordered})
        ) AS deadlines
        {ordered}"""  # noqa: S608
    cases = f"""(
        SELECT id, reference, owner, grade, state FROM cases WHERE updated_at <= {unmoved_since}
        UNION ALL
        SELECT id, reference, owner, grade, state FROM {moved_cases}
    )"""  # noqa: S608
    return deadlines, cases


async def list_deadlines(
    conn: Executor,
    scope: Scope,
    wanted: DeadlineListParameters,
    after: Sequence[Any] | None,
    past: PastDeadlines | None = None,
) -> ListedDeadlines:
    """One page of deadlines. `after` is the key that the page before gave."""
    rows = await fetch_planned(conn, *deadline_query(scope, wanted, after, past))
    if len(rows) <= wanted.limit:
        return ListedDeadlines(rows, None)
    last = rows[wanted.limit - 1]
    key = (key_time(last["due_at"]), str(last["case_id"]), last["clock"], last["generation"])
    return ListedDeadlines(rows[: wanted.limit], key)
