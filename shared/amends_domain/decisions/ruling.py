"""What a decision is made from, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from amends_domain.access.grants import Grant, Grants
from amends_domain.case import Case
from amends_domain.events import Event
from amends_domain.policy import Policy

# Two machines' clocks differ by less than this; a time further ahead is a mistake of the sender.
CLOCK_SKEW_MAX = timedelta(minutes=1)


@dataclass(frozen=True)
class Actor:
    """Who asks: a member of staff or another system, in the role that permits what they ask, within its branch; None
    is the whole tenant. `held` is all that they are granted, where that is more."""

    id: str
    role: str
    branch: str | None
    held: Grants = ()

    @property
    def grant(self) -> Grant:
        return Grant(self.role, self.branch)

    @property
    def grants(self) -> Grants:
        """All that they are granted."""
        return self.held or (self.grant,)


@dataclass(frozen=True)
class Context:
    """What a decision may depend on besides the case: the time, who asks, the policies, and another case.

    `policy` is the one in force now; `policies` holds, by hash, every one that the case was judged by.
    `occurred_at` is when it happened, as whoever enters it later claims; None for now. `other` is the case that
    the command names besides its own, as it is now: None when there is none.
    """

    now: datetime
    actor: Actor
    policy: Policy
    policies: Mapping[str, Policy]
    occurred_at: datetime | None = None
    other: Case | None = None


@dataclass(frozen=True)
class Rejection:
    """A command refused: nothing is appended. `code` is stable, `detail` is for people."""

    code: str
    detail: str


Decision = tuple[Event, ...] | Rejection


def in_the_past(at: datetime, what: str) -> Rejection:
    return Rejection("in-the-past", f"{at.isoformat()} has passed: {what}.")
