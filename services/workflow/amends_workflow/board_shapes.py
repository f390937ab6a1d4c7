"""The shapes of the board, for the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from amends_workflow.shapes import Answer


class AgesAnswer(Answer):
    """Open cases by how long ago the customer raised them: `ages` counts them by `age_days` of the board, which are
    the days at which one count ends and the next begins."""

    total: int
    ages: list[int]


class StateAnswer(AgesAnswer):
    """The open cases in one state."""

    state: str


class HourAnswer(Answer):
    """How many deadlines fall due in the hour that begins then."""

    begins_at: datetime
    due: int


class TodayAnswer(Answer):
    """What was recorded since midnight. A lapse is a breach of the customer's own time."""

    begins_at: datetime
    reminders: int
    breaches: int
    lapses: int
    escalations: int


class UnacknowledgedAnswer(Answer):
    """Alerts that nobody has acknowledged, of whatever day."""

    reminders: int
    breaches: int
    escalations: int


class OpenIncidentAnswer(Answer):
    """A mass incident that is open: its cases are those whose fact `same` is `value`; `open_cases` are still open."""

    id: UUID
    reference: str
    title: str
    same: str
    value: str
    branch: str
    owner: str
    opened_at: datetime
    cases: int
    open_cases: int


class BranchAnswer(Answer):
    """One branch: open cases, deadlines that are overdue or due within a day, breaches of today, alerts that nobody
    has acknowledged."""

    branch: str
    open: int
    overdue: int
    due_in_a_day: int
    breaches_today: int
    unacknowledged: int


class BoardAnswer(Answer):
    """Everything as of the log's `position`, at `at`. `overdue` counts deadlines that have passed and that somebody
    still waits for. `incidents` are the latest 50."""

    at: datetime
    position: int
    timezone: str
    branch: str | None
    age_days: list[int]
    open: AgesAnswer
    states: list[StateAnswer]
    overdue: int
    hours: list[HourAnswer]
    today: TodayAnswer
    unacknowledged: UnacknowledgedAnswer
    incidents: list[OpenIncidentAnswer]
    branches: list[BranchAnswer]
