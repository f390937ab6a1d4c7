"""Who read whose personal data, and what for, the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from amends_store.read import Executor
from amends_workflow.case_list import Scope
from amends_workflow.conditions import Conditions, fetch_planned
from amends_workflow.parameters import ReadingParameters


class ListedReadings(NamedTuple):
    """The rows of one page, and the key after which the next begins; None when there is none."""

    rows: list[Any]
    last: tuple[int] | None


async def list_readings(
    conn: Executor, scope: Scope, wanted: ReadingParameters, case_id: UUID | None, after: Sequence[Any] | None
) -> ListedReadings:
    """One page. `case_id` is that of the case asked for. Who is for some branches sees what was read of their cases,
    and of whole customers by whoever is for them."""
    where = Conditions()
    where.add("r.tenant = {}", scope.tenant)
    if scope.branches is not None:
        own = list(scope.branches)
        where.add("(c.branch = ANY({}) OR r.case_id IS NULL AND r.branch = ANY({}))", own, own)
    if case_id is not None:
        where.add("r.case_id = {}", case_id)
    if wanted.customer is not None:
        where.add("r.customer_ref = {}", wanted.customer)
    if wanted.person is not None:
        where.add("r.person = {}", wanted.person)
    if wanted.from_ is not None:
        where.add("r.read_at >= {}", wanted.from_)
    if wanted.to is not None:
        where.add("r.read_at < {}", wanted.to)
    if after is not None:
        where.add("r.id < {}", after[0])
    limit = where.bind(wanted.limit + 1)
    query = f"""
        SELECT
            r.id, r.read_at, r.person, r.role, r.branch, r.purpose, r.answer, r.case_id, c.reference, r.customer_ref,
            r.correlation_id
        FROM personal_data_readings AS r
        LEFT JOIN cases AS c ON c.id = r.case_id
        WHERE {where}
        ORDER BY r.id DESC
        LIMIT {limit}"""  # noqa: S608
    rows = await fetch_planned(conn, query, where.values)
    listed = rows[: wanted.limit]
    return ListedReadings(listed, (listed[-1]["id"],) if len(rows) > wanted.limit else None)
