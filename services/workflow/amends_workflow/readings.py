"""Who read whose personal data, and what for, the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from amends_store.read import Executor
from amends_workflow.audit_trails import ListedEntries, list_entries, within
from amends_workflow.case_list import Scope
from amends_workflow.parameters import ReadingParameters

_COLUMNS: Final = """
    r.id, r.read_at, r.person, r.role, r.branch, r.purpose, r.answer, r.case_id, c.reference, r.customer_ref,
    r.correlation_id
"""


async def list_readings(
    conn: Executor, scope: Scope, wanted: ReadingParameters, case_id: UUID | None, after: Sequence[Any] | None
) -> ListedEntries:
    """One page. `case_id` is that of the case asked for; `after` the key of the page before."""
    where = within(scope, case_id, after)
    if wanted.customer is not None:
        where.add("r.customer_ref = {}", wanted.customer)
    if wanted.person is not None:
        where.add("r.person = {}", wanted.person)
    if wanted.from_ is not None:
        where.add("r.read_at >= {}", wanted.from_)
    if wanted.to is not None:
        where.add("r.read_at < {}", wanted.to)
    return await list_entries(conn, "personal_data_readings", _COLUMNS, where, wanted.limit)
