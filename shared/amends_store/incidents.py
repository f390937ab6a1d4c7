"""Which cases belong to an incident, as the log has it now: no read model stands between a command and its cases."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from amends_store.read import Executor
from amends_store.statements import statement

_CASES_OF_INCIDENT: Final = statement("cases_of_incident")


async def cases_of_incident(executor: Executor, incident_id: UUID, *, tenant: str, limit: int) -> list[UUID]:
    """At most `limit` streams, in the order in which they were linked to it. Raises asyncpg's own errors."""
    rows = await executor.fetch(_CASES_OF_INCIDENT, str(incident_id), tenant, limit)
    return [row["stream_id"] for row in rows]
