"""A policy: the clocks, grades and limits that a case is judged by. Frozen, versioned, known by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from amends_domain.calendars import Calendar
from amends_domain.durations import Duration
from amends_domain.policy_clocks import BUILT_IN, CORRECTIVE_ACTION, PROMISE
from amends_domain.policy_document import PolicyDocument, read_policy
from amends_domain.policy_ladder import climbed
from amends_domain.policy_rules import (
    AlwaysApprove,
    Authority,
    ClockRule,
    ExtendByAgreement,
    ExtendTo,
    Facts,
    Given,
    GradeRule,
    LadderStep,
    MassRule,
    Playbook,
    RepeatRule,
    WarningRule,
    When,
)

DEFAULT_GRADE = "ordinary"

Snapshot = Mapping[str, Any]
"""A calendar's days as JSON: `holidays` and `working_days` (make-up days) as {ISO date: name}, `known_from`
and `known_through` as ISO dates. What else it holds says where the days came from and decides nothing.

`packs`, where the policy includes others: {name: {"document": the parsed document, "calendar": its days}}.
"""


@dataclass(frozen=True)
class Policy:
    """`hash`: hex SHA-256 of the content. `clocks`: sorted by name, with those of the included packs, and always
    one for promises and one for corrective actions. `clocks_from`: the clocks that an event type or `action:NAME`
    starts.

    `heads`: the staff id of each branch's head. `late_entry`: what is recorded later than that after it happened is
    late. `closure_approvals`: the two roles that must agree to close a case unsatisfied. `playbooks`: by complaint
    type and language. `sections` are the parts that only reports read (survey, quotas, …), as
    written (`policy_measures`).
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
    closure_approvals: tuple[str, ...]
    mass: MassRule | None
    repeat: RepeatRule | None
    late_entry: Duration
    heads: Mapping[str, str] = field(hash=False)
    playbooks: Mapping[str, Mapping[str, Playbook]] = field(hash=False)
    sections: Mapping[str, Any] = field(hash=False)

    @staticmethod
    def build(document: object, snapshot: Snapshot) -> Policy:
        """The policy in a parsed document, its holidays and its packs taken from `snapshot`. Raises DocumentErrors."""
        held = snapshot.get("packs", {})
        packs = {name: read_policy(pack["document"]) for name, pack in held.items()}
        read = read_policy(document, packs)
        calendars = {name: _calendar(packs[name], held[name]["calendar"]) for name in read.include}
        clocks = tuple(sorted(_clocks(read, packs, calendars), key=lambda rule: rule.name))
        return Policy(
            name=read.name,
            version=read.version,
            hash=content_hash(document, snapshot),
            effective_from=read.effective_from,
            calendar=_calendar(read, snapshot),
            clocks=clocks,
            clocks_from=_by_event(clocks),
            grades=read.grades,
            authority=read.authority,
            closure_approvals=read.closure_approvals,
            mass=read.mass,
            repeat=read.repeat,
            late_entry=read.late_entry,
            heads=read.heads,
            playbooks=read.playbooks,
            sections=read.sections,
        )

    def calendar_of(self, rule: ClockRule) -> Calendar:
        """The calendar by which one of the policy's clocks counts."""
        return rule.calendar or self.calendar

    @cached_property
    def clock_events(self) -> frozenset[str]:
        """The event types, and `action:NAME`, that start or stop a clock by its rule."""
        return frozenset(self.clocks_from).union(*(rule.stop for rule in self.clocks))

    @property
    def ladder_roles(self) -> tuple[str, ...]:
        """Whom a case is escalated to, one after the other: the roles of its ladders, of the longest first."""
        by_length = sorted(self.clocks, key=lambda rule: -len(rule.ladder))
        return tuple(dict.fromkeys(step.to for rule in by_length for step in rule.ladder))

    def clock(self, name: str) -> ClockRule | None:
        return next((rule for rule in self.clocks if rule.name == name), None)

    def grade_of(self, facts: Facts) -> str:
        """The grade of the first rule that matches, "ordinary" when none does."""
        rule = self.grading(facts)
        return DEFAULT_GRADE if rule is None else rule.grade

    def grading(self, facts: Facts) -> GradeRule | None:
        """The first rule that matches."""
        for rule in self.grades:
            if rule.when.matches(facts):
                return rule
        return None


def content_hash(document: object, snapshot: Snapshot) -> str:
    """Hex SHA-256 of the policy's content, by which it is known."""
    return hashlib.sha256(content_of(document, snapshot).encode()).hexdigest()


def content_of(document: object, snapshot: Snapshot) -> str:
    """What decides, as canonical JSON: the document's values, the calendar's days, and those of each included pack.

    Comments, layout, quoting and the order of keys say nothing, so they change nothing: a policy may be
    better explained without becoming another policy. The release of the holiday data is left out for the same
    reason.
    """
    content: dict[str, Any] = {"document": document, "calendar": _hashed_days(snapshot)}
    packs = snapshot.get("packs")
    # Left out when there are none: a policy without packs has the hash that it had before there were any.
    if packs:
        content["packs"] = {
            name: {"document": pack["document"], "calendar": _hashed_days(pack["calendar"])}
            for name, pack in packs.items()
        }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def _hashed_days(snapshot: Snapshot) -> dict[str, Any]:
    return {key: snapshot[key] for key in ("holidays", "working_days", "known_from", "known_through")}


def _plain(value: object) -> int | str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value.normalize())
    raise TypeError(f"a policy never holds a {type(value).__name__}")


def _clocks(
    read: PolicyDocument, packs: Mapping[str, PolicyDocument], calendars: Mapping[str, Calendar]
) -> Iterator[ClockRule]:
    """Every clock with its steps: its own; else those of its pack's ladder; else those of the policy's."""
    around = read.ladder or ()
    for rule, ladder in read.clocks:
        yield replace(rule, ladder=climbed(rule, around) if ladder is None else ladder)
    written = {rule.name for rule, _ in read.clocks}
    for name in read.include:
        pack = packs[name]
        rungs = around if pack.ladder is None else pack.ladder
        for rule, ladder in pack.clocks:
            steps = climbed(rule, rungs) if ladder is None else ladder
            yield replace(rule, ladder=steps, pack=name, calendar=calendars[name])
            written.add(rule.name)
    for rule in BUILT_IN.values():
        if rule.name not in written:
            yield replace(rule, ladder=climbed(rule, around))


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
    "CORRECTIVE_ACTION",
    "DEFAULT_GRADE",
    "PROMISE",
    "AlwaysApprove",
    "Authority",
    "Calendar",
    "ClockRule",
    "ExtendByAgreement",
    "ExtendTo",
    "Given",
    "GradeRule",
    "LadderStep",
    "MassRule",
    "Playbook",
    "Policy",
    "RepeatRule",
    "Snapshot",
    "WarningRule",
    "When",
    "content_hash",
    "content_of",
]
