"""What the live stream tells, for the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from amends_workflow.shapes import Answer


class Happening(Answer):
    """The data of one server-sent event: an event of the log, and its case as this very event left it. `clock` and
    `due_at` are there where it is about a clock, `to` is the role that is told of an escalation."""

    position: int
    case_id: UUID
    reference: str
    type: str
    branch: str
    state: str
    owner: str
    grade: str
    clock: str | None
    to: str | None
    due_at: datetime | None
    occurred_at: datetime
