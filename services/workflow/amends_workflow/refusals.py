"""The audit trail of commands refused on grounds of authority or recusal, the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from amends_store.read import Executor
from amends_workflow.case_list import Scope
from amends_workflow.conditions import Conditions, fetch_planned
from amends_workflow.parameters import RefusalParameters


class ListedRefusals(NamedTuple):
    """The rows of one page, and the key after which the next begins; None when there is none."""

    rows: list[Any]
    last: tuple[int] | None


async def list_refusals(
    conn: Executor, scope: Scope, wanted: RefusalParameters, case_id: UUID | None, after: Sequence[Any] | None
) -> ListedRefusals:
    """One page. `case_id` is that of the case asked for. Who is for one branch sees what was tried on its cases, and
    with its keys."""
    where = Conditions()
    where.add("r.tenant = {}", scope.tenant)
    if scope.branches is not None:
        own = list(scope.branches)
        where.add("(c.branch = ANY({}) OR r.case_id IS NULL AND r.branch = ANY({}))", own, own)
    if case_id is not None:
        where.add("r.case_id = {}", case_id)
    if wanted.principal is not None:
        where.add("r.principal = {}", wanted.principal)
    if wanted.code is not None:
        where.add("r.code = {}", wanted.code)
    if after is not None:
        where.add("r.id < {}", after[0])
    limit = where.bind(wanted.limit + 1)
    query = f"""
        SELECT
            r.id, r.refused_at, r.principal, r.role, r.branch, r.case_id, c.reference, r.command, r.code, r.detail,
            r.correlation_id
        FROM refusals AS r
        LEFT JOIN cases AS c ON c.id = r.case_id
        WHERE {where}
        ORDER BY r.id DESC
        LIMIT {limit}"""  # noqa: S608
    rows = await fetch_planned(conn, query, where.values)
    listed = rows[: wanted.limit]
    return ListedRefusals(listed, (listed[-1]["id"],) if len(rows) > wanted.limit else None)
