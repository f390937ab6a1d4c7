"""From a policy's document to its rules: what each section may hold. Source: DOMAIN, Policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from amends_domain.documents import Node
from amends_domain.durations import BadDuration, parse_duration
from amends_domain.event_codec import EVENT_TYPES
from amends_domain.policy_rules import (
    FACTS,
    ROLES,
    AlwaysApprove,
    Authority,
    ClockRule,
    ExtendByAgreement,
    ExtendTo,
    GradeRule,
    WarningRule,
    When,
)
from amends_domain.policy_sections import check_sections

# Named by DOMAIN for a clock to start from or stop at, before this release records them.
PLANNED_EVENT_TYPES: Final = frozenset(
    {"case-escalated", "closed-unsatisfied", "entry-corrected", "merged-into", "reclassified"}
)
GRADES: Final = ("ordinary", "major", "escalated")
KINDS: Final = ("complaint", "inquiry", "suggestion", "praise")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SECTIONS: Final = ("ladder", "mass", "repeat", "survey", "quotas")

_EVENTS = EVENT_TYPES | PLANNED_EVENT_TYPES
_CLOSED_LISTS: Mapping[str, tuple[str, ...]] = {"kind": KINDS, "grade": GRADES}
_PERCENT = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,3})?)%")
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24:00))")
_WARNING = "a warning such as 75%, 24h before, 1bd before or 3bd"
# A clock's name is a part of a subject and a column of reports: lower case, no dots, not endless.
_CLOCK_NAME = r"[a-z][a-z0-9_]{0,47}"


@dataclass(frozen=True)
class CalendarSection:
    """`country` is an ISO 3166 code whose holidays count, None for none. `closes` 00:00 is the day's end."""

    country: str | None = None
    opens: time = time(0)
    closes: time = time(0)
    workdays: frozenset[int] = frozenset(range(5))


@dataclass(frozen=True)
class PolicyDocument:
    """A policy as its document says, before it has a calendar with holidays."""

    name: str
    version: int
    effective_from: date
    timezone: ZoneInfo
    calendar: CalendarSection
    clocks: tuple[ClockRule, ...]
    grades: tuple[GradeRule, ...]
    authority: Authority
    sections: Mapping[str, Any]


def read_policy(document: object) -> PolicyDocument:
    """The rules in a parsed document. Raises DocumentErrors with all that is wrong.

    Shape: what YAML gives, with `Decimal` for numbers that are not whole. A section left out is empty.
    """
    root = Node(document)
    at = root.keys(
        "a policy: a mapping with policy, version, effective_from, timezone and clocks",
        required=("policy", "version", "effective_from", "timezone", "clocks"),
        optional=("calendar", "grades", "authority", *SECTIONS),
    )
    read = PolicyDocument(
        name=at["policy"].name("a name such as bank-cn", r"[a-z][a-z0-9-]{0,62}"),
        version=at["version"].whole("a version: a whole number from 1", least=1),
        effective_from=_effective_from(at["effective_from"]),
        timezone=_timezone(at["timezone"]),
        calendar=_calendar(at["calendar"]) if "calendar" in at else CalendarSection(),
        clocks=_clocks(at["clocks"]),
        grades=_grades(at["grades"]) if "grades" in at else (),
        authority=_authority(at["authority"]) if "authority" in at else Authority(),
        sections={name: at[name].value for name in SECTIONS if name in at},
    )
    check_sections({name: at[name] for name in SECTIONS if name in at})
    root.raise_errors()
    return read


def _effective_from(node: Node) -> date:
    day = node.day("a date such as 2026-01-01")
    if not 2000 <= day.year <= 2090:
        node.expected("a date from 2000 to 2090")
    return day


def _timezone(node: Node) -> ZoneInfo:
    name = node.text("a time zone such as Asia/Shanghai")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if isinstance(node.value, str):
            node.fail(f"unknown time zone {name!r}: expected a name such as Asia/Shanghai")
        return ZoneInfo("UTC")


def _calendar(node: Node) -> CalendarSection:
    at = node.keys("a calendar", required=(), optional=("country", "business_hours", "workdays"))
    country = at["country"].text("a country code such as CN") if "country" in at else None
    opens, closes = _business_hours(at["business_hours"]) if "business_hours" in at else (time(0), time(0))
    workdays = CalendarSection.workdays
    if "workdays" in at:
        days = at["workdays"].items("a list of days such as [mon, tue, wed, thu, fri]")
        if not days and isinstance(at["workdays"].value, list):
            at["workdays"].fail("expected at least one workday")
        names = [day.one_of(WEEKDAYS, "a day") for day in days]
        workdays = frozenset(WEEKDAYS.index(name) for name in names if name in WEEKDAYS)
    return CalendarSection(country, opens, closes, workdays)


def _business_hours(node: Node) -> tuple[time, time]:
    what = 'business hours such as "09:00-17:30"'
    match = _HOURS.fullmatch(node.text(what))
    if match is None:
        if isinstance(node.value, str):
            node.expected(what)
        return time(0), time(0)
    opens = time(int(match[1]), int(match[2]))
    closes = time(0) if match[5] else time(int(match[3]), int(match[4]))
    if not match[5] and closes <= opens:
        node.fail(f"expected business hours that close after they open, not {node.value!r}")
    return opens, closes


def _grades(node: Node) -> tuple[GradeRule, ...]:
    rules = []
    for item in node.items("a list of grades"):
        at = item.keys("a grade: {grade, when, notify}", required=("grade",), optional=("when", "notify"))
        rules.append(
            GradeRule(
                at["grade"].one_of(GRADES, "a grade"),
                # The grade is what these rules decide, so they cannot ask for it.
                _when(at["when"], tuple(f for f in FACTS if f != "grade")) if "when" in at else When(),
                tuple(at["notify"].texts("whom to notify")) if "notify" in at else (),
            )
        )
    return tuple(rules)


def _when(node: Node, facts: tuple[str, ...]) -> When:
    at = node.keys(f"conditions on {', '.join(facts)}", required=(), optional=facts)
    conditions = []
    for fact, value in at.items():
        conditions.append((fact, frozenset(value.texts(f"a {fact}", _CLOSED_LISTS.get(fact)))))
    return When(tuple(sorted(conditions, key=lambda condition: condition[0])))


def _clocks(node: Node) -> tuple[ClockRule, ...]:
    clocks = []
    for name, item in sorted(node.entries("clocks by name").items()):
        if not re.fullmatch(_CLOCK_NAME, name):
            item.fail(f"expected a clock's name such as follow_up, not {name!r}", at_key=True)
        clocks.append(_clock(name, item))
    return tuple(clocks)


def _clock(name: str, node: Node) -> ClockRule:
    at = node.keys(
        "a clock: {from, stop, due, …}",
        required=("from", "stop", "due"),
        optional=("at_most", "warn", "extend", "when", "urgent"),
    )
    agreed = at["due"].value == "agreed"
    if not agreed and "at_most" in at and at["due"].value is not None:
        at["at_most"].fail("at_most goes with `due: agreed` only: a fixed due time needs no limit", at_key=True)
    if agreed and "urgent" in at:
        at["urgent"].fail("urgent replaces a fixed due time, and this clock's is agreed", at_key=True)
    return ClockRule(
        name=name,
        from_event=at["from"].one_of(_EVENTS, "an event type"),
        stop=_stops(at["stop"]),
        due=None if agreed else at["due"].duration(),
        at_most=at["at_most"].duration() if "at_most" in at else None,
        warnings=_warnings(at["warn"]) if "warn" in at else (),
        extend=_extend(at["extend"]) if "extend" in at else None,
        when=_when(at["when"], FACTS) if "when" in at else When(),
        urgent=at["urgent"].duration() if "urgent" in at else None,
    )


def _stops(node: Node) -> frozenset[str]:
    items = node.items("a list of event types and action:NAME")
    if not items and isinstance(node.value, list):
        node.fail("expected at least one event type or action:NAME that stops the clock")
    stops = set()
    for item in items:
        text = item.text("an event type or action:NAME")
        if text.startswith("action:"):
            item.name("an action such as action:refund_made", r"action:[a-z][a-z0-9_]*")
        elif isinstance(item.value, str):
            item.one_of(_EVENTS, "an event type")
        stops.add(text)
    return frozenset(stops)


def _warnings(node: Node) -> tuple[WarningRule, ...]:
    warnings: list[WarningRule] = []
    for item in node.items(f"a list of warnings, each {_WARNING}"):
        rule = _warning(item)
        if any(rule.label == other.label for other in warnings) and isinstance(item.value, str):
            item.fail(f"the warning {rule.label!r} is given twice")
        warnings.append(rule)
    return tuple(warnings)


def _warning(node: Node) -> WarningRule:
    label = node.text(_WARNING)
    percent = _PERCENT.fullmatch(label)
    if percent is not None:
        fraction = Fraction(percent[1]) / 100
        if fraction == 0:
            node.fail("expected a percentage between 0% and 100%")
        return WarningRule(label, fraction=fraction)
    try:
        duration = parse_duration(label.removesuffix(" before"))
    except BadDuration:
        if isinstance(node.value, str):
            node.expected(_WARNING)
        return WarningRule(label)
    if duration.is_zero or label == "same_day before":
        node.expected(_WARNING)
    if label.endswith(" before"):
        return WarningRule(label, before=duration)
    return WarningRule(label, after=duration)


def _extend(node: Node) -> ExtendByAgreement | tuple[ExtendTo, ...]:
    if isinstance(node.value, list):
        return tuple(_extend_to(item) for item in node.items("extensions"))
    at = node.keys(
        "an extension: {requires: customer-agreed, before: due, at_most} or a list of {to, requires}",
        required=("requires", "at_most"),
        optional=("before",),
    )
    if "before" in at:
        at["before"].one_of(("due",), "a limit")
    return ExtendByAgreement(
        at["requires"].one_of(("customer-agreed",), "a requirement"),
        "before" in at,
        at["at_most"].duration(),
    )


def _extend_to(node: Node) -> ExtendTo:
    at = node.keys("an extension: {to, requires}", required=("to", "requires"))
    needs = at["requires"].keys("{flag: …} or {approval: …}", required=(), optional=("flag", "approval"))
    if len(needs) != 1 and isinstance(at["requires"].value, Mapping):
        at["requires"].fail("expected exactly one of flag and approval")
    flag = needs["flag"].text("a flag") if "flag" in needs else None
    approval = needs["approval"].one_of(ROLES, "a role") if "approval" in needs else None
    return ExtendTo(at["to"].duration(), flag, approval)


def _authority(node: Node) -> Authority:
    at = node.keys("limits by role", required=(), optional=(*ROLES, "always_approve"))
    limits: list[tuple[str, Decimal | None]] = []
    for role in ROLES:
        if role not in at:
            continue
        limit = None if at[role].value == "unlimited" else at[role].number("an amount, or unlimited")
        below, lower = limits[-1] if limits else ("", Decimal(0))
        if lower is None or (limit is not None and limit < lower):
            at[role].fail(f"expected at least the limit of a {below}: who stands higher may not grant less")
        limits.append((role, limit))
    always = (_always_approve(at["always_approve"]),) if "always_approve" in at else ()
    return Authority(tuple(limits), always)


def _always_approve(node: Node) -> AlwaysApprove:
    at = node.keys("{type: […], by: ROLE}", required=("type", "by"))
    # A handler offers and never approves.
    types = frozenset(at["type"].texts("a complaint type"))
    return AlwaysApprove(types, at["by"].one_of(ROLES[1:], "a role"))
