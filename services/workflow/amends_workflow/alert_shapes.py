"""The shapes of alerts, for the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from amends_workflow.shapes import Answer


class AlertAnswer(Answer):
    """A reminder, a breach or an escalation: `position` is that of its event, and what acknowledging it names. `owner`
    answered for the case then. `clock` is null for an escalation that is about none; `role` is who is told of one.
    `owed_by` is customer where it was the customer's own time."""

    position: int
    case_id: UUID
    reference: str
    branch: str
    kind: str
    clock: str | None
    role: str | None
    owed_by: str | None
    due_at: datetime | None
    owner: str
    recorded_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    acknowledged_position: int | None


class AlertPage(Answer):
    items: list[AlertAnswer]
    next: str | None
