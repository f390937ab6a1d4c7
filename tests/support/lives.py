"""Given, when, then for the life of a case: a case told by its events, a command, and what must come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.commands import Command, Receive
from amends_domain.decide import Actor, Context, Rejection, decide
from amends_domain.events import ComplaintReceived, Event, Recorded
from amends_domain.evolve import evolve, fold
from amends_domain.firings import Firing, firings
from amends_domain.policy import Policy
from amends_domain.runs import Deadline
from amends_platform.policy_files import load_policy

CASE_ID = UUID("01890000-0000-7000-8000-000000000001")
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Monday 2 March 2026, ten in the morning in Shanghai: a business day, with business days around it."""


@cache
def default_policy() -> Policy:
    return load_policy("bank-cn").policy


def actor(role: str, branch: str | None = None) -> Actor:
    return Actor(f"a-{role}", role, branch)


HEAD = actor("department_head")
HANDLER = actor("handler")


def received(**fields: Any) -> ComplaintReceived:
    told = {"channel": "phone", "branch": "north-street", "customer_ref": "C-1", "owner": "a-agent"}
    return ComplaintReceived(**{**told, **fields})


def receive(**fields: Any) -> Receive:
    told = {
        "channel": "phone",
        "narrative": "The machine kept my card.",
        "branch": "north-street",
        "customer_ref": "C-1",
        "customer": {"name": "Ms. Chen"},
    }
    return Receive(**{**told, **fields})


@dataclass(frozen=True)
class Life:
    """A case and the time it is. Every step returns another life."""

    policy: Policy
    now: datetime
    case: Case | None = None
    position: int = 0

    def later(self, **delta: float) -> Life:
        return replace(self, now=self.now + timedelta(**delta))

    def happened(self, *events: Event, occurred_at: datetime | None = None) -> Life:
        """Record events as facts, without asking whether they were allowed."""
        case, position = self.case, self.position
        for event in events:
            position += 1
            version = 1 if case is None else case.version + 1
            case = evolve(
                case,
                CASE_ID,
                Recorded(position, version, event, occurred_at or self.now, self.now, self.policy.hash, "a-agent"),
            )
        return replace(self, case=case, position=position)

    def decided(self, command: Command, by: Actor = HEAD) -> tuple[Event, ...] | Rejection:
        return decide(self.case, command, Context(self.now, by, self.policy, {self.policy.hash: self.policy}))

    def does(self, command: Command, by: Actor = HEAD) -> Life:
        """Give a command that must be allowed."""
        outcome = self.decided(command, by)
        assert not isinstance(outcome, Rejection), outcome
        occurred_at = command.occurred_at if isinstance(command, Receive) else None
        return self.happened(*outcome, occurred_at=occurred_at)

    def refuses(self, command: Command, code: str, by: Actor = HEAD) -> str:
        """Give a command that must be refused with this code; the reason in words."""
        outcome = self.decided(command, by)
        assert isinstance(outcome, Rejection), outcome
        assert outcome.code == code
        return outcome.detail

    def deadlines(self) -> tuple[Deadline, ...]:
        assert self.case is not None
        return obligations(self.case, {self.policy.hash: self.policy})

    def firings(self) -> tuple[Firing, ...]:
        """What the log still owes."""
        assert self.case is not None
        return firings(self.case, self.deadlines())

    def deadline(self, kind: str) -> Deadline:
        """The latest run of a clock."""
        return [deadline for deadline in self.deadlines() if deadline.kind == kind][-1]


def life(policy: Policy | None = None, at: datetime = MONDAY) -> Life:
    return Life(policy or default_policy(), at)


def folded(recorded: Sequence[Recorded]) -> Case:
    case = fold(None, CASE_ID, recorded)
    assert case is not None
    return case
