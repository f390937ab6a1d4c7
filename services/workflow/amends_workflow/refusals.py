"""The audit trail of commands refused on grounds of authority or recusal, the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from amends_store.read import Executor
from amends_workflow.audit_trails import ListedEntries, list_entries, within
from amends_workflow.case_list import Scope
from amends_workflow.parameters import RefusalParameters

_COLUMNS: Final = """
    r.id, r.refused_at, r.principal, r.role, r.branch, r.case_id, c.reference, r.command, r.code, r.detail,
    r.correlation_id
"""


async def list_refusals(
    conn: Executor, scope: Scope, wanted: RefusalParameters, case_id: UUID | None, after: Sequence[Any] | None
) -> ListedEntries:
    """One page. `case_id` is that of the case asked for; `after` the key of the page before."""
    where = within(scope, case_id, after)
    if wanted.principal is not None:
        where.add("r.principal = {}", wanted.principal)
    if wanted.code is not None:
        where.add("r.code = {}", wanted.code)
    return await list_entries(conn, "refusals", _COLUMNS, where, wanted.limit)
