"""A policy: the clocks, grades and limits that a case is judged by. Frozen, versioned, known by its content's
hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from amends_domain.calendars import Calendar
from amends_domain.policy_rules import Authority, ClockRule, Facts, GradeRule

DEFAULT_GRADE = "ordinary"


@dataclass(frozen=True)
class Policy:
    """`hash`: hex SHA-256 of the content. `clocks` are sorted by name. `clocks_from`: the clocks an event
    starts.

    `sections` are the parts that no rule reads yet (ladder, mass, repeat, survey, quotas), as the document
    has them.
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

    def clock(self, name: str) -> ClockRule | None:
        return next((rule for rule in self.clocks if rule.name == name), None)

    def grade_of(self, facts: Facts) -> str:
        """The grade of the first rule that matches, "ordinary" when none does."""
        return next((rule.grade for rule in self.grades if rule.when.matches(facts)), DEFAULT_GRADE)
