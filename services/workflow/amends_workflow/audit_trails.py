"""What the audit trails have in common: entries about a case, or about none, the latest first, by pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from amends_store.read import Executor
from amends_workflow.case_list import Scope
from amends_workflow.conditions import Conditions, fetch_planned
from amends_workflow.pages import POSITION, Shape

KEY: Final[Shape] = (POSITION,)


class ListedEntries(NamedTuple):
    """The rows of one page, and the key after which the next begins; None when there is none."""

    rows: list[Any]
    last: tuple[int] | None


def within(scope: Scope, case_id: UUID | None, after: Sequence[Any] | None) -> Conditions:
    """Of a trail `r` and its cases `c`: what is of this scope and, where one is given, of this case, after that key.

    Who is for some branches sees what is about their cases, and what is about none by whoever is for them.
    """
    where = Conditions()
    where.add("r.tenant = {}", scope.tenant)
    if scope.branches is not None:
        own = list(scope.branches)
        where.add("(c.branch = ANY({}) OR r.case_id IS NULL AND r.branch = ANY({}))", own, own)
    if case_id is not None:
        where.add("r.case_id = {}", case_id)
    if after is not None:
        where.add("r.id < {}", after[0])
    return where


async def list_entries(conn: Executor, trail: str, columns: str, where: Conditions, limit: int) -> ListedEntries:
    """One page of the table `trail`; it and `columns` are constants of the code. Raises asyncpg's errors."""
    one_more = where.bind(limit + 1)
    query = f"""
        SELECT {columns}
        FROM {trail} AS r
        LEFT JOIN cases AS c ON c.id = r.case_id
        WHERE {where}
        ORDER BY r.id DESC
        LIMIT {one_more}"""  # noqa: S608
    rows = await fetch_planned(conn, query, where.values)
    listed = rows[:limit]
    return ListedEntries(listed, (listed[-1]["id"],) if len(rows) > limit else None)
