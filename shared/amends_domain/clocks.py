"""Deadlines, derived: `obligations(case, policies)` is the only place that says what is due, met or breached.

A clock starts when its event *occurred* and is stopped by an event *recorded* at or before the due time. What was
recorded later came too late, however early it claims to have happened: so a slow timer, or one that was down,
never changes a verdict. Each clock is judged by the policy in force at the event that started it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from amends_domain.calendars import Calendar
from amends_domain.case import Case, Mark
from amends_domain.events import (
    ActionTaken,
    CallbackAgreed,
    CaseReopened,
    ComplaintReceived,
    ComplaintWithdrawn,
    DeadlineBreached,
    FollowedUp,
    ReminderIssued,
)
from amends_domain.policy import Policy
from amends_domain.policy_rules import ClockRule, Facts

_FIRED = frozenset({ReminderIssued.TYPE, DeadlineBreached.TYPE})
_CLOSING = frozenset({ComplaintWithdrawn.TYPE, FollowedUp.TYPE})


class Verdict(StrEnum):
    """PENDING: running. MET: stopped in time. EXTENDED: replaced by an agreed time while it ran.
    CANCELLED: the case closed while it ran. BREACHED: the due time passed, whatever came after."""

    PENDING = "pending"
    MET = "met"
    EXTENDED = "extended"
    CANCELLED = "cancelled"
    BREACHED = "breached"


class UnknownPolicy(LookupError):
    """An event was judged by a policy that is not at hand."""


class Deadline(NamedTuple):
    """One run of a clock on a case. `generation` counts the runs of this clock over the life of the case, from 1.

    `ended_at` is when it was stopped, replaced or cancelled; None while it runs. A breach that is owed but not
    yet in the log has `breach_recorded` False. `issued` holds the steps of the warnings already in the log.
    """

    rule: ClockRule
    calendar: Calendar
    policy: str
    generation: int
    cycle: int
    started_at: datetime
    due_at: datetime
    provisional: bool
    status: Verdict
    ended_at: datetime | None
    breach_recorded: bool
    issued: frozenset[int]

    @property
    def kind(self) -> str:
        return self.rule.name


class Firing(NamedTuple):
    """A reminder or a breach that is still to come. `step` numbers the firings of one deadline; a breach is last."""

    deadline: Deadline
    step: int
    at: datetime
    warning: str | None

    @property
    def event_type(self) -> str:
        return DeadlineBreached.TYPE if self.warning is None else ReminderIssued.TYPE


class _Run:
    """A deadline while the marks are being read."""

    __slots__ = (
        "breach_recorded",
        "cycle",
        "due_at",
        "ended_at",
        "generation",
        "issued",
        "policy",
        "policy_hash",
        "provisional",
        "rule",
        "started_at",
        "status",
    )

    def __init__(
        self,
        rule: ClockRule,
        policy: Policy,
        generation: int,
        mark: Mark,
        started_at: datetime,
        due: tuple[datetime, bool],
    ) -> None:
        self.rule = rule
        self.policy = policy
        self.generation = generation
        self.cycle = mark.cycle
        self.policy_hash = policy.hash
        self.started_at = started_at
        self.due_at, self.provisional = due
        self.status = Verdict.PENDING
        self.ended_at: datetime | None = None
        self.breach_recorded = False
        self.issued: set[int] = set()

    def end(self, at: datetime, verdict: Verdict) -> None:
        """Stop, replace or cancel at `at`. After the due time, or once breached, it is a breach and stays one."""
        self.ended_at = at
        self.status = Verdict.BREACHED if self.breach_recorded or at > self.due_at else verdict

    def freeze(self) -> Deadline:
        return Deadline(
            self.rule,
            self.policy.calendar,
            self.policy_hash,
            self.generation,
            self.cycle,
            self.started_at,
            self.due_at,
            self.provisional,
            self.status,
            self.ended_at,
            self.breach_recorded,
            frozenset(self.issued),
        )


def obligations(case: Case, policies: Mapping[str, Policy]) -> tuple[Deadline, ...]:
    """Every deadline that the case ever had, in the order in which they started. Raises UnknownPolicy."""
    if case.kind != "complaint":
        return ()
    runs: list[_Run] = []
    running: dict[str, _Run] = {}
    for mark in case.marks:
        if mark.type in _FIRED:
            _fired(runs, mark)
            continue
        if case.historical and mark.cycle == 1:
            continue
        if running:
            _stop(running, mark)
        for run in _started(case, mark, policies, running):
            run.generation = 1 + sum(1 for earlier in runs if earlier.rule.name == run.rule.name)
            runs.append(run)
            running[run.rule.name] = run
    return tuple(run.freeze() for run in runs)


def firings(deadlines: tuple[Deadline, ...]) -> tuple[Firing, ...]:
    """The reminders and breaches that the log still owes, soonest first.

    A deadline that was met, replaced or cancelled owes nothing. One that ended too late owes its breach only:
    a reminder for something already done helps nobody.
    """
    owed = [firing for deadline in deadlines for firing in _owed(deadline)]
    return tuple(sorted(owed, key=lambda firing: (firing.at, firing.step)))


def warnings(deadline: Deadline) -> Iterator[tuple[int, str, datetime]]:
    """(step, label, instant) of each warning. Those that fall outside the run of the clock do not exist."""
    for step, rule in enumerate(deadline.rule.warnings):
        at = rule.at(deadline.started_at, deadline.due_at, deadline.calendar)
        if deadline.started_at < at < deadline.due_at:
            yield step, rule.label, at


def _owed(deadline: Deadline) -> Iterator[Firing]:
    if deadline.breach_recorded or deadline.status not in (Verdict.PENDING, Verdict.BREACHED):
        return
    if deadline.status is Verdict.PENDING:
        for step, label, at in warnings(deadline):
            if step not in deadline.issued:
                yield Firing(deadline, step, at, label)
    yield Firing(deadline, len(deadline.rule.warnings), deadline.due_at, None)


def _fired(runs: list[_Run], mark: Mark) -> None:
    name, generation, *steps = mark.note
    for run in runs:
        if run.rule.name == name and run.generation == generation:
            if steps:
                run.issued.add(steps[0])
            else:
                run.breach_recorded = True
                run.status = Verdict.BREACHED


def _stop(running: dict[str, _Run], mark: Mark) -> None:
    closing = mark.type in _CLOSING
    what = f"action:{mark.note}" if mark.type == ActionTaken.TYPE else mark.type
    for name, run in list(running.items()):
        if what in run.rule.stop:
            run.end(mark.recorded_at, Verdict.MET)
        elif closing:
            run.end(mark.recorded_at, Verdict.CANCELLED)
        else:
            continue
        del running[name]


def _started(case: Case, mark: Mark, policies: Mapping[str, Policy], running: dict[str, _Run]) -> Sequence[_Run]:
    if mark.policy is None:
        return ()
    policy = policies.get(mark.policy)
    if policy is None:
        raise UnknownPolicy(mark.policy)
    if mark.type == CallbackAgreed.TYPE:
        return [_agreed(rule, policy, mark, running) for rule in policy.clocks if rule.due is None]
    # Reopening gives the case fresh clocks, as if it had just been received.
    event = ComplaintReceived.TYPE if mark.type == CaseReopened.TYPE else mark.type
    rules = policy.clocks_from.get(event)
    if rules is None:
        return ()
    facts = _facts(case)
    started = []
    for rule in rules:
        if rule.name in running or not rule.when.matches(facts):
            continue
        due = _due(case, rule, policy, mark)
        if due is not None:
            started.append(_Run(rule, policy, 0, mark, mark.occurred_at, due))
    return started


def _agreed(rule: ClockRule, policy: Policy, mark: Mark, running: dict[str, _Run]) -> _Run:
    current = running.get(rule.name)
    if current is not None:
        current.end(mark.recorded_at, Verdict.EXTENDED)
        # The extension belongs to the clock that runs, so to the policy that clock was started under.
        rule, policy = current.rule, current.policy
    return _Run(rule, policy, 0, mark, mark.occurred_at, (mark.note, False))


def _due(case: Case, rule: ClockRule, policy: Policy, mark: Mark) -> tuple[datetime, bool] | None:
    due = rule.due_after(mark.occurred_at, case.flags, policy.calendar)
    wished = case.reply_by if rule.due is None else None
    if wished is not None and (due is None or wished < due.at):
        return wished, False
    return None if due is None else (due.at, due.provisional)


def _facts(case: Case) -> Facts:
    return {
        "channel": case.channel,
        "kind": case.kind,
        "type": case.type,
        "cause": case.cause,
        "product": case.product,
        "severity": case.severity,
        "grade": case.grade,
        "branch": case.branch,
        "flag": case.flags,
    }


def current(deadlines: tuple[Deadline, ...], cycle: int) -> Deadline | None:
    """The latest run, in this cycle, of the clock whose time is agreed with the customer."""
    for deadline in reversed(deadlines):
        if deadline.rule.due is None and deadline.cycle == cycle:
            return deadline
    return None
