"""From a policy's document to its clocks: what starts and stops each, when it is due, warned of and extended.

Source: DOMAIN, Clocks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from amends_domain.documents import Node, closest
from amends_domain.durations import BadDuration, Duration, Unit, parse_duration
from amends_domain.event_codec import EVENT_TYPES
from amends_domain.policy_conditions import read_when
from amends_domain.policy_ladder import read_steps
from amends_domain.policy_rules import (
    CUSTOMER,
    FACTS,
    ORGANISATION,
    ROLES,
    ClockRule,
    ExtendByAgreement,
    ExtendTo,
    Given,
    LadderStep,
    WarningRule,
    When,
)

PROMISE: Final = "promise"
CORRECTIVE_ACTION: Final = "corrective_action"

# Their starting events name the time, so each of these clocks has one start and one stop and every policy has them.
BUILT_IN: Final = {
    PROMISE: ClockRule(PROMISE, "promise-made", frozenset({"promise-kept"}), Given.PROMISED),
    CORRECTIVE_ACTION: ClockRule(
        CORRECTIVE_ACTION,
        "countermeasure-planned",
        frozenset({"action:corrective_action_done"}),
        Given.PROMISED,
    ),
}

# What clocks themselves bring about starts and stops none: a clock that runs because one ran would never end. Nor does
# it when somebody says that they have seen it.
_ON_CLOCKS = EVENT_TYPES - {"reminder-issued", "deadline-breached", "alert-acknowledged"}
_PERCENT = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,3})?)%")
_WARNING = "a warning such as 75%, 24h before, 1bd before or 3bd"
# A clock's name is a part of a subject and a column of reports: lower case, no dots, not endless.
_CLOCK_NAME = r"[a-z][a-z0-9_]{0,47}"
_HOURS_A_DAY = Fraction(24)
_HOURS = {
    Unit.SECONDS: Fraction(1, 3600),
    Unit.MINUTES: Fraction(1, 60),
    Unit.HOURS: Fraction(1),
    Unit.DAYS: _HOURS_A_DAY,
    Unit.BUSINESS_DAYS: _HOURS_A_DAY * 7 / 5,
}


class WrittenClock(NamedTuple):
    """A clock as its document has it. `ladder` None: the policy's own counts."""

    rule: ClockRule
    ladder: tuple[LadderStep, ...] | None


def read_clocks(node: Node) -> tuple[WrittenClock, ...]:
    """The clocks of a document, sorted by name."""
    clocks = []
    for name, item in sorted(node.entries("clocks by name").items()):
        if not re.fullmatch(_CLOCK_NAME, name):
            item.fail(f"expected a clock's name such as follow_up, not {name!r}", at_key=True)
        clocks.append(_clock(name, item))
    return tuple(clocks)


def _clock(name: str, node: Node) -> WrittenClock:
    at = node.keys(
        "a clock: {from, stop, due, …}",
        required=("from", "stop", "due"),
        optional=("at_most", "warn", "extend", "when", "urgent", "owed_by", "ladder", "source"),
    )
    mistakes = len(node.errors)
    due = _due(at["due"])
    if len(node.errors) == mistakes and at["due"].value is not None:
        _check_due(at, due)
    owed_by = at["owed_by"].one_of((ORGANISATION, CUSTOMER), "a debtor") if "owed_by" in at else ORGANISATION
    ladder = read_steps(at["ladder"]) if "ladder" in at else None
    rule = ClockRule(
        name=name,
        from_event=_start_or_stop(at["from"]),
        stop=_stops(at["stop"]),
        due=due,
        at_most=at["at_most"].duration() if "at_most" in at else None,
        warnings=_warnings(at["warn"]) if "warn" in at else (),
        extend=_extend(at["extend"], due) if "extend" in at else None,
        when=read_when(at["when"], FACTS) if "when" in at else When(),
        urgent=at["urgent"].duration() if "urgent" in at else None,
        owed_by=owed_by,
        source=at["source"].text("where the rule comes from") if "source" in at else None,
    )
    if len(node.errors) == mistakes:
        _check_reserved(at, rule)
    if owed_by == CUSTOMER and ladder:
        at["ladder"].fail("nobody is told when it is the customer's own time that runs out", at_key=True)
    return WrittenClock(rule, ladder)


def _due(node: Node) -> Duration | Given:
    if isinstance(node.value, str):
        given = [each.value for each in Given]
        if node.value in given:
            return Given(node.value)
        if hint := closest(node.value, given):
            node.fail(f"unknown due time {node.value!r}{hint}")
            return Given.AGREED
    return node.duration()


def _check_due(at: Mapping[str, Node], due: Duration | Given) -> None:
    """What goes with which kind of due time."""
    if "at_most" in at and due is not Given.AGREED:
        at["at_most"].fail("at_most goes with `due: agreed` only: no other due time needs a limit", at_key=True)
    if "urgent" in at and isinstance(due, Given):
        at["urgent"].fail(f"urgent replaces a fixed due time, and this clock's is {due.value}", at_key=True)
    if "extend" in at and isinstance(at["extend"].value, list) and isinstance(due, Given):
        at["extend"].fail(f"longer terms go with a fixed due time, and this clock's is {due.value}", at_key=True)
    if "extend" in at and isinstance(at["extend"].value, Mapping) and due is not Given.AGREED:
        at["extend"].fail("only a time agreed with the customer (`due: agreed`) moves by agreement", at_key=True)


def _check_reserved(at: Mapping[str, Node], rule: ClockRule) -> None:
    """The clocks of promises keep their names, starts and stops: the events behind them name the time."""
    kept = BUILT_IN.get(rule.name)
    if kept is None:
        if rule.is_promised:
            names = " and ".join(BUILT_IN)
            at["due"].fail(f"`due: promised` is for the clocks {names}, whose starting events name a time")
        return
    for key, same, expected in (
        ("from", rule.from_event == kept.from_event, kept.from_event),
        ("stop", rule.stop == kept.stop, f"[{', '.join(kept.stop)}]"),
        ("due", rule.is_promised, "promised"),
    ):
        if not same and at[key].value is not None:
            at[key].fail(f"expected {expected}: the clock {rule.name} is kept for that")


def _stops(node: Node) -> frozenset[str]:
    items = node.items("a list of event types and action:NAME")
    if not items and isinstance(node.value, list):
        node.fail("expected at least one event type or action:NAME that stops the clock")
    return frozenset(_start_or_stop(item) for item in items)


def _start_or_stop(node: Node) -> str:
    text = node.text("an event type or action:NAME")
    if text.startswith("action:"):
        return node.name("an action such as action:refund_made", r"action:[a-z][a-z0-9_]*")
    if isinstance(node.value, str):
        node.one_of(_ON_CLOCKS, "an event type")
    return text


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


def _extend(node: Node, due: Duration | Given) -> ExtendByAgreement | tuple[ExtendTo, ...]:
    if isinstance(node.value, list):
        return _longer_terms(node, due)
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


def _longer_terms(node: Node, due: Duration | Given) -> tuple[ExtendTo, ...]:
    terms: list[ExtendTo] = []
    longest, named = Duration(0, Unit.SECONDS) if isinstance(due, Given) else due, f"the due time, {due}"
    for item in node.items("extensions"):
        mistakes = len(item.errors)
        term, to = _extend_to(item)
        if len(item.errors) == mistakes and _hours(term.to) <= _hours(longest):
            to.fail(f"expected longer than {named}: each extension is longer than the one before")
        elif len(item.errors) == mistakes:
            longest, named = term.to, f"the extension before it, {term.to}"
        terms.append(term)
    if not terms:
        node.fail("expected at least one extension: {to, requires}")
    return tuple(terms)


def _extend_to(node: Node) -> tuple[ExtendTo, Node]:
    ways = ("flag", "approval", "action")
    at = node.keys("an extension: {to, requires}", required=("to", "requires"))
    needs = at["requires"].keys("{flag: …}, {approval: …} or {action: …}", required=(), optional=ways)
    given = at["requires"].value
    if len(needs) != 1 and isinstance(given, Mapping) and all(key in ways for key in given):
        at["requires"].fail("expected exactly one of flag, approval and action")
    term = ExtendTo(
        at["to"].duration(),
        flag=needs["flag"].text("a flag") if "flag" in needs else None,
        approval=needs["approval"].one_of(ROLES, "a role") if "approval" in needs else None,
        action=needs["action"].name("an action such as holding_reply_sent", r"[a-z][a-z0-9_]*")
        if "action" in needs
        else None,
    )
    return term, at["to"]


def _hours(duration: Duration) -> Fraction:
    """Roughly how long: five business days are a week, and same_day is shorter than any of them."""
    return Fraction(12) if duration.unit is Unit.SAME_DAY else duration.amount * _HOURS[duration.unit]
