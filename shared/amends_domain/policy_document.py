"""From a policy's document to its rules: what each section may hold. Source: DOMAIN, Policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from amends_domain.documents import Node
from amends_domain.durations import Duration, Unit
from amends_domain.policy_clocks import BUILT_IN, WrittenClock, read_clocks
from amends_domain.policy_conditions import read_grades
from amends_domain.policy_ladder import Rung, read_ladder
from amends_domain.policy_measures import SECTIONS, check_measures
from amends_domain.policy_playbooks import read_playbooks
from amends_domain.policy_rules import ROLES, AlwaysApprove, Authority, GradeRule, MassRule, Playbook, RepeatRule
from amends_domain.policy_sections import read_heads, read_mass, read_repeat

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LATE_ENTRY: Final = Duration(1, Unit.HOURS)
CLOSURE_APPROVALS: Final = ("department_head", "executive")

_REQUIRED = ("policy", "version", "effective_from", "timezone", "clocks")
_OPTIONAL = (
    *("calendar", "include", "grades", "authority", "ladder", "mass", "repeat", "late_entry", "heads", "playbooks"),
    *SECTIONS,
)
_PACK_NAME = r"[a-z][a-z0-9-]{0,62}"
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24:00))")


@dataclass(frozen=True)
class CalendarSection:
    """`country` is an ISO 3166 code whose holidays count, None for none; `subdivision` its part, as in ISO 3166-2
    without the country. `closes` 00:00 is the day's end.
    """

    country: str | None = None
    subdivision: str | None = None
    opens: time = time(0)
    closes: time = time(0)
    workdays: frozenset[int] = frozenset(range(5))


@dataclass(frozen=True)
class PolicyDocument:
    """A policy as its document says, before it has a calendar with holidays and the clocks of what it includes.

    `ladder` None: the document has none, and the clocks of an included pack climb that of the policy around it.
    """

    name: str
    version: int
    effective_from: date
    timezone: ZoneInfo
    calendar: CalendarSection
    clocks: tuple[WrittenClock, ...]
    include: tuple[str, ...]
    ladder: tuple[Rung, ...] | None
    grades: tuple[GradeRule, ...]
    authority: Authority
    closure_approvals: tuple[str, ...]
    mass: MassRule | None
    repeat: RepeatRule | None
    late_entry: Duration
    heads: Mapping[str, str]
    playbooks: Mapping[str, Mapping[str, Playbook]]
    sections: Mapping[str, Any]


def read_policy(document: object, packs: Mapping[str, PolicyDocument] | None = None) -> PolicyDocument:
    """The rules in a parsed document. Raises DocumentErrors with all that is wrong.

    Shape: what YAML gives, with `Decimal` for numbers that are not whole. A section left out is empty. `packs` are
    those that it may include.
    """
    packs = packs or {}
    root = Node(document)
    at = root.keys(
        "a policy: a mapping with policy, version, effective_from, timezone and clocks",
        required=_REQUIRED,
        optional=_OPTIONAL,
    )
    clocks = read_clocks(at["clocks"])
    include = _include(at["include"], clocks, packs) if "include" in at else ()
    names = {clock.rule.name for clock in clocks}.union(*(_names(packs[pack].clocks) for pack in include), BUILT_IN)
    authority, approvals = _authority(at["authority"]) if "authority" in at else (Authority(), CLOSURE_APPROVALS)
    read = PolicyDocument(
        name=at["policy"].name("a name such as bank-cn", _PACK_NAME),
        version=at["version"].whole("a version: a whole number from 1", least=1),
        effective_from=_effective_from(at["effective_from"]),
        timezone=_timezone(at["timezone"]),
        calendar=_calendar(at["calendar"]) if "calendar" in at else CalendarSection(),
        clocks=clocks,
        include=include,
        ladder=read_ladder(at["ladder"], names) if "ladder" in at else None,
        grades=read_grades(at["grades"]) if "grades" in at else (),
        authority=authority,
        closure_approvals=approvals,
        mass=read_mass(at["mass"]) if "mass" in at else None,
        repeat=read_repeat(at["repeat"]) if "repeat" in at else None,
        late_entry=at["late_entry"].duration() if "late_entry" in at else LATE_ENTRY,
        heads=read_heads(at["heads"]) if "heads" in at else {},
        playbooks=read_playbooks(at["playbooks"]) if "playbooks" in at else {},
        sections=check_measures(at),
    )
    root.raise_errors()
    return read


def _include(node: Node, clocks: tuple[WrittenClock, ...], packs: Mapping[str, PolicyDocument]) -> tuple[str, ...]:
    included: list[str] = []
    taken = dict.fromkeys(_names(clocks), "this policy")
    for item in node.items("a list of built-in policies such as [uk-disp]"):
        name = item.one_of(packs, "a pack")
        if name not in packs:
            continue
        if name in included:
            item.fail(f"the pack {name!r} is included twice")
            continue
        twice = [clock for clock in _names(packs[name].clocks) if clock in taken]
        if twice:
            item.fail(f"two clocks are called {twice[0]!r}: one in {taken[twice[0]]}, one in the pack {name!r}")
        taken.update(dict.fromkeys(_names(packs[name].clocks), f"the pack {name!r}"))
        included.append(name)
    return tuple(included)


def _names(clocks: tuple[WrittenClock, ...]) -> tuple[str, ...]:
    return tuple(clock.rule.name for clock in clocks)


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
    at = node.keys("a calendar", required=(), optional=("country", "subdivision", "business_hours", "workdays"))
    country = at["country"].text("a country code such as CN") if "country" in at else None
    subdivision = at["subdivision"].text("a part of the country such as ENG") if "subdivision" in at else None
    if "subdivision" in at and "country" not in at:
        at["subdivision"].fail("a subdivision is a part of a country, and none is given", at_key=True)
    opens, closes = _business_hours(at["business_hours"]) if "business_hours" in at else (time(0), time(0))
    workdays = CalendarSection.workdays
    if "workdays" in at:
        days = at["workdays"].items("a list of days such as [mon, tue, wed, thu, fri]")
        if not days and isinstance(at["workdays"].value, list):
            at["workdays"].fail("expected at least one workday")
        names = [day.one_of(WEEKDAYS, "a day") for day in days]
        workdays = frozenset(WEEKDAYS.index(name) for name in names if name in WEEKDAYS)
    return CalendarSection(country, subdivision, opens, closes, workdays)


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


def _authority(node: Node) -> tuple[Authority, tuple[str, ...]]:
    """The limits, and the roles that must agree to close a case unsatisfied."""
    at = node.keys("limits by role", required=(), optional=(*ROLES, "always_approve", "close_unsatisfied"))
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
    approvals = _closure_approvals(at["close_unsatisfied"]) if "close_unsatisfied" in at else CLOSURE_APPROVALS
    return Authority(tuple(limits), always), approvals


def _closure_approvals(node: Node) -> tuple[str, ...]:
    items = node.items("a list of two roles such as [department_head, executive]")
    if len(items) != 2 and isinstance(node.value, list):
        node.fail("expected two roles: to close a case unsatisfied takes two approvals")
    # A handler proposes it and never approves.
    return tuple(item.one_of(ROLES[1:], "a role") for item in items)


def _always_approve(node: Node) -> AlwaysApprove:
    at = node.keys("{type: […], by: ROLE}", required=("type", "by"))
    # A handler offers and never approves.
    types = frozenset(at["type"].texts("a complaint type"))
    return AlwaysApprove(types, at["by"].one_of(ROLES[1:], "a role"))
