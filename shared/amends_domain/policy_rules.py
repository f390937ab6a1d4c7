"""The rules of a policy as values, and what each of them answers. `policy_document` reads them from a
document.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Final

from amends_domain.calendars import Calendar, DueTime, after, before
from amends_domain.durations import Duration

FACTS: Final = ("channel", "kind", "type", "cause", "product", "severity", "grade", "branch", "flag")
"""What a rule may ask about a case. All but `flag` have one value; `flag` has any number."""

ROLES: Final = ("handler", "supervisor", "department_head", "executive")
"""Who may offer and approve compensation, lowest first."""

CUSTOMER: Final = "customer"
ORGANISATION: Final = "organisation"

Facts = Mapping[str, str | Collection[str] | None]


class Given(StrEnum):
    """Due times that a duration does not make: agreed with the customer, or named by the starting event itself
    (a promise, the date of a countermeasure).
    """

    AGREED = "agreed"
    PROMISED = "promised"


@dataclass(frozen=True)
class When:
    """Conditions on the facts of a case: all must hold; each holds when one of its values is the fact's.

    Without conditions it always matches; a fact that the case lacks never does.
    """

    conditions: tuple[tuple[str, frozenset[str]], ...] = ()

    @cached_property
    def asks_for_kind(self) -> bool:
        return any(name == "kind" for name, _ in self.conditions)

    def matches(self, facts: Facts) -> bool:
        """Shape of `facts`: keys from FACTS; `flag` is a collection of flags, the others a text or None."""
        for name, accepted in self.conditions:
            fact = facts.get(name)
            if isinstance(fact, str) or fact is None:
                if fact not in accepted:
                    return False
            elif accepted.isdisjoint(fact):
                return False
        return True


@dataclass(frozen=True)
class WarningRule:
    """When to warn, in exactly one way: a `fraction` of the span from start to due (`75%`), a duration
    `before` the due time (`24h before`), or a duration `after` the start (`3bd`). `label` is how the policy
    writes it.
    """

    label: str
    fraction: Fraction | None = None
    before: Duration | None = None
    after: Duration | None = None

    def at(self, started_at: datetime, due_at: datetime, calendar: Calendar) -> datetime:
        """The instant of the warning, in UTC. It may lie outside the clock's span (`24h before` on a callback
        agreed for tonight, `3bd` on a clock made urgent): then there is nothing to warn of.
        """
        if self.fraction is not None:
            span_us = (due_at - started_at) // timedelta(microseconds=1)
            part_us = span_us * self.fraction.numerator // self.fraction.denominator
            return started_at.astimezone(UTC) + timedelta(microseconds=part_us)
        if self.before is not None:
            return before(due_at, self.before, calendar).at
        assert self.after is not None, "a warning is a fraction, before the due time, or after the start"
        return after(started_at, self.after, calendar).at


@dataclass(frozen=True)
class ExtendByAgreement:
    """The clock moves to a time that the customer agreed to. `requires` is "customer-agreed".

    `before_due`: only while the clock still runs. `at_most`: no later than this.
    """

    requires: str
    before_due: bool
    at_most: Duration


@dataclass(frozen=True)
class ExtendTo:
    """The clock's duration, from its start, becomes `to` once exactly one of these holds: the case has the
    `flag`, the role `approval` (or a higher one) approved it, the `action` was taken.

    A clock's extensions are steps of a ladder: one counts only after those before it.
    """

    to: Duration
    flag: str | None = None
    approval: str | None = None
    action: str | None = None


@dataclass(frozen=True)
class LadderStep:
    """Who, `to`, is told when a clock is not stopped: a duration `before` or `after` the due time, on cases of
    these `grades` (none named: of every grade). `label` is how the policy writes the time, `1bd after`.
    """

    label: str
    before: Duration | None
    after: Duration | None
    to: str
    grades: frozenset[str] = frozenset()

    def at(self, due_at: datetime, calendar: Calendar) -> datetime:
        """The instant of the step, in UTC."""
        if self.before is not None:
            return before(due_at, self.before, calendar).at
        assert self.after is not None, "a step is before the due time, or after it"
        if self.after.is_zero:
            return due_at.astimezone(UTC)
        return after(due_at, self.after, calendar).at


@dataclass(frozen=True)
class ClockRule:
    """A clock: from an event, due after a duration or at a given time, stopped by an event.

    `from_event` is an event type or `action:NAME`, and so is each `stop`. `due` agreed: at a time agreed with the
    customer, and `at_most` after the start until one is agreed (never, where that is None). `due` promised: when
    the starting event says. `urgent` replaces a duration on urgent cases. `owed_by` the organisation or the
    customer. `ladder` holds the steps for this clock, in the policy's order. `pack` and `calendar` are set on
    clocks of an included pack, which count by that calendar.
    """

    name: str
    from_event: str
    stop: frozenset[str]
    due: Duration | Given
    at_most: Duration | None = None
    warnings: tuple[WarningRule, ...] = ()
    extend: ExtendByAgreement | tuple[ExtendTo, ...] | None = None
    when: When = When()
    urgent: Duration | None = None
    owed_by: str = ORGANISATION
    ladder: tuple[LadderStep, ...] = ()
    source: str | None = None
    pack: str | None = None
    calendar: Calendar | None = None

    @cached_property
    def is_agreed(self) -> bool:
        return self.due is Given.AGREED

    @cached_property
    def is_promised(self) -> bool:
        return self.due is Given.PROMISED

    @cached_property
    def may_move(self) -> bool:
        """Whether something that happens to the case may move the clock, other than an explicit re-timing."""
        return self.urgent is not None or isinstance(self.extend, tuple)

    def due_after(self, start: datetime, flags: Collection[str], calendar: Calendar) -> DueTime | None:
        """When the clock, started at `start`, is due on a case with these flags, extended as far as they suffice.

        Where the time is agreed with the customer, the latest: None when the policy sets none. None where the
        starting event says when.
        """
        if self.urgent is not None and "urgent" in flags:
            duration: Duration | None = self.urgent
        else:
            duration = self.at_most if isinstance(self.due, Given) else self.due
        if duration is None:
            return None
        due = after(start, duration, calendar)
        for longer in self.extend if isinstance(self.extend, tuple) else ():
            if longer.flag not in flags:
                break
            due = max(due, after(start, longer.to, calendar), key=lambda each: each.at)
        return due


@dataclass(frozen=True)
class GradeRule:
    """Cases that match `when` get `grade`, and the `notify` are told at once."""

    grade: str
    when: When = When()
    notify: tuple[str, ...] = ()


@dataclass(frozen=True)
class MassRule:
    """So many complaints, `count`, of the `same` property (a cause, say) `within` a time are one incident."""

    same: str
    count: int
    within: Duration


@dataclass(frozen=True)
class RepeatRule:
    """A complaint that is the `same` in all these properties as one received `within` a time before repeats it."""

    same: tuple[str, ...]
    within: Duration


@dataclass(frozen=True)
class Playbook:
    """What to do with a type of complaint, in one language: the first words, what to `ask` and what to `avoid`, and
    what the customer may be told about `times`.
    """

    first_words: str
    ask: tuple[str, ...]
    avoid: tuple[str, ...]
    times: str


@dataclass(frozen=True)
class AlwaysApprove:
    """Proposals on complaints of these `types` need approval by the role `by`, whatever the amount."""

    types: frozenset[str]
    by: str


@dataclass(frozen=True)
class Authority:
    """Who may offer how much without asking, and who may approve the rest. Source: DOMAIN, People, Authority.

    `limits` by role; None is unlimited. No limits at all: nothing needs approval for its amount. Otherwise a
    role that is not listed may offer nothing. What no listed role may grant goes to the executive, listed or
    not, unless the executive has a limit of its own: somebody must be able to say yes.
    """

    limits: tuple[tuple[str, Decimal | None], ...] = ()
    always_approve: tuple[AlwaysApprove, ...] = ()

    def approval_needed(self, role: str, amount: Decimal | None, complaint_type: str | None) -> str | None:
        """The lowest role that may approve what `role` proposes; None when it needs no approval.

        Where no role's limit covers the amount, the executive, whose `may_approve` then says no.
        """
        least = self._least_approver(complaint_type)
        if least is None and self._covers(role, amount):
            return None
        able = (r for r in ROLES[ROLES.index(least or ROLES[0]) :] if self._may_grant(r, amount))
        return next(able, ROLES[-1])

    def may_approve(self, role: str, amount: Decimal | None, complaint_type: str | None) -> bool:
        if role not in ROLES or not self._may_grant(role, amount):
            return False
        least = self._least_approver(complaint_type)
        return least is None or ROLES.index(role) >= ROLES.index(least)

    def _least_approver(self, complaint_type: str | None) -> str | None:
        by = [rule.by for rule in self.always_approve if complaint_type in rule.types]
        return max(by, key=ROLES.index, default=None)

    def _covers(self, role: str, amount: Decimal | None) -> bool:
        if not self.limits or amount is None:
            return True
        limit = dict(self.limits).get(role, Decimal(0))
        return limit is None or amount <= limit

    def _may_grant(self, role: str, amount: Decimal | None) -> bool:
        if role == ROLES[-1] and role not in dict(self.limits):
            return True
        return self._covers(role, amount)
