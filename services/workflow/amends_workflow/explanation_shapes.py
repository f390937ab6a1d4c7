"""The shape of the answer that explains a deadline, for the OpenAPI document; as `shapes`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from amends_workflow.shapes import Answer, PolicyAnswer


class EventReference(Answer):
    """An event by which something came about."""

    position: int
    version: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str


class RuleStep(Answer):
    """A step of the ladder as the policy has it: when, and which role is told, on cases of which grades (none named:
    of every grade)."""

    at: str
    to: str
    grades: list[str]


class ExplainedRule(Answer):
    """The clock's rule as the policy has it. `when`: the facts a case must have, each one of the values. `pack`: the
    included policy that it came with. `source`: where the rule comes from."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: str = Field(alias="from")
    stop: list[str]
    due: str
    at_most: str | None
    urgent: str | None
    warn: list[str]
    extend: dict[str, Any] | list[dict[str, Any]] | None
    when: dict[str, list[str]]
    owed_by: str
    ladder: list[RuleStep]
    source: str | None
    pack: str | None


class SkippedDay(Answer):
    date: date
    reason: str


class ExplainedWarning(Answer):
    step: int
    warning: str
    at: datetime
    issued: bool


class ExplainedStep(Answer):
    """A step of the ladder on this case: `issued`, or to come at `at` unless the clock is stopped before."""

    step: int
    label: str
    to: str
    at: datetime
    issued: bool


class ExplainedPromise(Answer):
    """What the clock runs for: a promise, or a countermeasure, and who has to see to it. `from_case` is the merged
    case that it came with."""

    number: int
    by: str
    from_case: UUID | None


class Extension(Answer):
    """What moved the clock: run `generation`, due at `due_at`, became the next, due at `moved_to`. `why` is agreed,
    approved, retimed, urgent, or the flag or action that a longer term requires (`flag:NAME`, `action:NAME`).
    `contact` is the one in which the customer was told why an agreed time was put off."""

    generation: int
    due_at: datetime
    moved_to: datetime
    later: bool
    status: str
    why: str
    by: EventReference
    contact: EventReference | None


class Explanation(Answer):
    """Why a deadline is due when it is. `due_by` names the part of the rule that set the time, or is "agreed",
    "promised" or "reply_by"; `counted` and `skipped` are the local days that the calendar went through, from
    `counted_from`. `origin` is when the clock itself started: a longer term counts from there; `term` is how many of
    them it has been given. `called_for_by` is the event by which the case was found to have the clock, where that came
    after the one from which it runs. `text` says all of it in words. `as_of` and `valid_at` are what was asked for."""

    case_id: UUID
    reference: str
    kind: str
    generation: int
    cycle: int
    status: str
    started_at: datetime
    origin: datetime
    term: int
    due_at: datetime
    ended_at: datetime | None
    breached_at: datetime | None
    provisional: bool
    owed_by: str
    policy: PolicyAnswer
    rule: ExplainedRule
    promise: ExplainedPromise | None
    started_by: EventReference
    called_for_by: EventReference | None
    ended_by: EventReference | None
    breach: EventReference | None
    due_by: str
    duration: str | None
    counted_from: datetime | None
    timezone: str
    counted: list[date]
    skipped: list[SkippedDay]
    warnings: list[ExplainedWarning]
    reminders: list[EventReference]
    ladder: list[ExplainedStep]
    escalations: list[EventReference]
    extensions: list[Extension]
    as_of: datetime | None
    valid_at: datetime | None
    text: str
