"""A policy: the clocks, grades and limits that a case is judged by. Frozen, versioned, known by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from amends_domain.calendars import Calendar
from amends_domain.policy_document import PolicyDocument, read_policy
from amends_domain.policy_rules import (
    AlwaysApprove,
    Authority,
    ClockRule,
    ExtendByAgreement,
    ExtendTo,
    Facts,
    GradeRule,
    WarningRule,
    When,
)

DEFAULT_GRADE = "ordinary"

Snapshot = Mapping[str, Any]
"""A calendar's days as JSON: `holidays` and `working_days` (make-up days) as {ISO date: name}, `known_from`
and `known_through` as ISO dates. What else it holds says where the days came from and decides nothing.
"""


@dataclass(frozen=True)
class Policy:
    """`hash`: hex SHA-256 of the content. `clocks`: sorted by name. `clocks_from`: the clocks an event
    starts.

    `sections` are the parts that no rule reads yet (ladder, mass, repeat, survey, quotas), as written.
    """

    name: str
    version: int
    hash: str
    effective_from: date
    calendar: Calendar
    clocks: tuple[ClockRule, ...]
    clocks_from: Mapping[str, tuple[ClockRule, ...]] = field(hash=False)
    grades: tuple[GradeRule, ...]
    authority: Authority
    sections: Mapping[str, Any] = field(hash=False)

    @staticmethod
    def build(document: object, snapshot: Snapshot) -> Policy:
        """The policy in a parsed document, its holidays taken from `snapshot`. Raises DocumentErrors."""
        read = read_policy(document)
        return Policy(
            name=read.name,
            version=read.version,
            hash=content_hash(document, snapshot),
            effective_from=read.effective_from,
            calendar=_calendar(read, snapshot),
            clocks=read.clocks,
            clocks_from=_by_event(read.clocks),
            grades=read.grades,
            authority=read.authority,
            sections=read.sections,
        )

    def clock(self, name: str) -> ClockRule | None:
        return next((rule for rule in self.clocks if rule.name == name), None)

    def grade_of(self, facts: Facts) -> str:
        """The grade of the first rule that matches, "ordinary" when none does."""
        return next((rule.grade for rule in self.grades if rule.when.matches(facts)), DEFAULT_GRADE)


def content_hash(document: object, snapshot: Snapshot) -> str:
    """Hex SHA-256 over what decides: the document's values and the calendar's days, as canonical JSON.

    Comments, layout, quoting and the order of keys say nothing, so they change nothing: a policy may be
    better explained without becoming another policy. The release of the holiday data is left out for the same
    reason.
    """
    days = {key: snapshot[key] for key in ("holidays", "working_days", "known_from", "known_through")}
    content = {"document": document, "calendar": days}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> int | str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value.normalize())
    raise TypeError(f"a policy never holds a {type(value).__name__}")


def _calendar(read: PolicyDocument, snapshot: Snapshot) -> Calendar:
    return Calendar(
        timezone=read.timezone,
        opens=read.calendar.opens,
        closes=read.calendar.closes,
        workdays=read.calendar.workdays,
        holidays=_days(snapshot["holidays"]),
        working_days=_days(snapshot["working_days"]),
        known_from=date.fromisoformat(snapshot["known_from"]),
        known_through=date.fromisoformat(snapshot["known_through"]),
    )


def _days(named: Mapping[str, str]) -> dict[date, str]:
    return {date.fromisoformat(day): name for day, name in named.items()}


def _by_event(clocks: tuple[ClockRule, ...]) -> dict[str, tuple[ClockRule, ...]]:
    events = {rule.from_event for rule in clocks}
    return {event: tuple(rule for rule in clocks if rule.from_event == event) for event in events}


__all__ = [
    "DEFAULT_GRADE",
    "AlwaysApprove",
    "Authority",
    "Calendar",
    "ClockRule",
    "ExtendByAgreement",
    "ExtendTo",
    "GradeRule",
    "Policy",
    "Snapshot",
    "WarningRule",
    "When",
    "content_hash",
]
