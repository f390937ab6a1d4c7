"""One run of a clock: while the events are read (`Run`), and as an answer (`Deadline`)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from amends_domain.calendars import Calendar, DueTime, after
from amends_domain.case import Mark
from amends_domain.events import ComplaintReceived
from amends_domain.policy import Policy
from amends_domain.policy_rules import ClockRule, ExtendTo, Given


class Verdict(StrEnum):
    """PENDING: running. MET: stopped in time. EXTENDED: replaced by a run of another length while it ran.
    CANCELLED: the case closed while it ran, or was found not to call for it. BREACHED: the due time passed,
    whatever came after."""

    PENDING = "pending"
    MET = "met"
    EXTENDED = "extended"
    CANCELLED = "cancelled"
    BREACHED = "breached"


class Deadline(NamedTuple):
    """One run of a clock on a case. `generation` counts the runs of this clock over the life of the case, from 1.

    `number` is the promise's (or countermeasure's) own, where the clock runs for one.
    `started_by` and `ended_by` are versions of the case: the events that started this run, and that stopped,
    replaced or cancelled it (None while it runs), at `ended_at`. `called_for_by` is the event that made known that
    the clock runs: later than `started_by` where the case was only then found to be one that has it. `origin` is when
    the clock itself started: a longer term counts from there. `term` is how many of the rule's longer terms it has
    been given. A breach that is owed but not yet in the log has `breach_recorded` False. `issued` holds the steps
    already in the log (`firings`).
    """

    rule: ClockRule
    calendar: Calendar
    policy: str
    generation: int
    number: int | None
    cycle: int
    started_at: datetime
    started_by: int
    called_for_by: int
    origin: datetime
    term: int
    due_at: datetime
    provisional: bool
    status: Verdict
    ended_at: datetime | None
    ended_by: int | None
    breach_recorded: bool
    issued: frozenset[int]

    @property
    def kind(self) -> str:
        return self.rule.name

    @property
    def is_customers(self) -> bool:
        """Whether it is the customer's own time that runs: then a breach is none of the organisation's."""
        return self.rule.owed_by == "customer"


class Run:
    """A deadline while the marks are being read. It keeps the flags that it was made with."""

    __slots__ = (
        "breach_recorded",
        "called_for_by",
        "cycle",
        "due_at",
        "ended_at",
        "ended_by",
        "flags",
        "generation",
        "issued",
        "number",
        "origin",
        "policy",
        "provisional",
        "rule",
        "started_at",
        "started_by",
        "status",
        "term",
    )

    def __init__(self, rule: ClockRule, policy: Policy, mark: Mark, started_at: datetime, due_at: datetime) -> None:
        self.rule = rule
        self.policy = policy
        self.generation = 0
        self.number: int | None = None
        self.cycle = mark.cycle
        self.started_at = started_at
        self.started_by = mark.version
        self.called_for_by = mark.version
        self.origin = started_at
        self.term = 0
        self.due_at = due_at
        self.provisional = False
        self.flags: Any = mark.facts["flag"] or ()
        self.status = Verdict.PENDING
        self.ended_at: datetime | None = None
        self.ended_by: int | None = None
        self.breach_recorded = False
        self.issued: set[int] = set()

    @property
    def calendar(self) -> Calendar:
        return self.rule.calendar or self.policy.calendar

    def may_move(self, mark: Mark) -> bool:
        """Whether the clock still runs when the mark is recorded: a deadline is moved before it expires, or never."""
        return not self.breach_recorded and mark.recorded_at <= self.due_at

    def moved(
        self,
        mark: Mark,
        due_at: datetime,
        *,
        started_at: datetime | None = None,
        term: int | None = None,
        provisional: bool = False,
        rule: ClockRule | None = None,
        policy: Policy | None = None,
    ) -> Run:
        """The run that takes this one's place: due at another time, otherwise as this one."""
        run = Run(rule or self.rule, policy or self.policy, mark, started_at or self.started_at, due_at)
        run.origin = self.origin
        run.called_for_by = max(self.called_for_by, mark.version)
        run.cycle = self.cycle
        run.term = self.term if term is None else term
        run.provisional = provisional
        return run

    def end(self, mark: Mark, verdict: Verdict) -> None:
        """Stop, replace or cancel. After the due time, or once breached, it is a breach and stays one."""
        self.ended_at = mark.recorded_at
        self.ended_by = mark.version
        self.status = Verdict.BREACHED if self.breach_recorded or mark.recorded_at > self.due_at else verdict

    def freeze(self) -> Deadline:
        return Deadline(
            self.rule,
            self.calendar,
            self.policy.hash,
            self.generation,
            self.number,
            self.cycle,
            self.started_at,
            self.started_by,
            self.called_for_by,
            self.origin,
            self.term,
            self.due_at,
            self.provisional,
            self.status,
            self.ended_at,
            self.ended_by,
            self.breach_recorded,
            frozenset(self.issued),
        )


def at_start(rule: ClockRule, policy: Policy, mark: Mark) -> Run | None:
    """The run that the mark starts; None where the rule sets no time yet."""
    run = Run(rule, policy, mark, mark.occurred_at, mark.occurred_at)
    flags = run.flags
    if rule.is_promised:
        run.number, run.due_at = mark.note
        return run
    while (term := next_term(rule, run.term)) is not None and term.flag in flags:
        run.term += 1
    wished = mark.note if mark.type == ComplaintReceived.TYPE else None
    due = first_due(rule, run.calendar, mark.occurred_at, flags, wished)
    if due is None:
        return None
    run.due_at, run.provisional = due.at, due.provisional
    return run


def first_due(
    rule: ClockRule, calendar: Calendar, started_at: datetime, flags: Collection[str], wished_at: datetime | None
) -> DueTime | None:
    """When a clock that starts is due: as its rule says, or when the customer wishes where the rule leaves it to them
    and that is sooner. None where neither says.
    """
    due = rule.due_after(started_at, flags, calendar)
    if wished_at is not None and rule.due is Given.AGREED and (due is None or wished_at < due.at):
        return DueTime(wished_at, (), (), False)
    return due


def next_term(rule: ClockRule, term: int) -> ExtendTo | None:
    """The longer term that a clock may be given next, when it has been given `term` of them."""
    terms = rule.extend if isinstance(rule.extend, tuple) else ()
    return terms[term] if term < len(terms) else None


def extended_due(deadline: Deadline, term: ExtendTo) -> DueTime:
    """When the clock is due with this longer term: counted from where the clock itself started."""
    return after(deadline.origin, term.to, deadline.calendar)
