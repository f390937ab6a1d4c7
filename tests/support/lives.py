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
from amends_domain.commands import (
    Apologize,
    Command,
    Confirm,
    Investigate,
    Merge,
    Propose,
    Receive,
    ResolveOnTheSpot,
)
from amends_domain.decide import Actor, Context, Rejection, decide
from amends_domain.decisions.links import absorb
from amends_domain.events import ComplaintReceived, Event, Recorded
from amends_domain.evolve import evolve, fold
from amends_domain.firings import Firing, firings
from amends_domain.policy import Policy
from amends_domain.runs import Deadline
from amends_platform.policy.files import load_policy

CASE_ID = UUID("01890000-0000-7000-8000-000000000001")
OTHER_ID = UUID("01890000-0000-7000-8000-000000000002")
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Monday 2 March 2026, ten in the morning in Shanghai: a business day, with business days around it."""


@cache
def default_policy() -> Policy:
    return load_policy("bank-cn").policy


def actor(role: str, branch: str | None = None) -> Actor:
    return Actor(f"a-{role}", role, branch)


HEAD = actor("department_head")
HANDLER = actor("handler")

APOLOGY = Apologize("phone", "We are sorry.")
FINDING = Investigate("It jammed.", "process_too_slow", True)
ON_THE_SPOT = ResolveOnTheSpot(APOLOGY, FINDING, Propose("apology", "A letter."), Confirm("phone"))


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
    """A case and the time it is. Every step returns another life.

    `policy` is the one in force now, `earlier` those that were before. `recorded` is the whole stream.
    """

    policy: Policy
    now: datetime
    case: Case | None = None
    position: int = 0
    case_id: UUID = CASE_ID
    earlier: tuple[Policy, ...] = ()
    recorded: tuple[Recorded, ...] = ()

    @property
    def policies(self) -> dict[str, Policy]:
        return {policy.hash: policy for policy in (*self.earlier, self.policy)}

    @property
    def told(self) -> Case:
        """The case, which has begun."""
        assert self.case is not None
        return self.case

    def later(self, **delta: float) -> Life:
        return self.at(self.now + timedelta(**delta))

    def at(self, now: datetime) -> Life:
        return replace(self, now=now)

    def under(self, policy: Policy) -> Life:
        """Another policy is published: it is in force from now on."""
        return replace(self, policy=policy, earlier=(*self.earlier, self.policy))

    def happened(
        self,
        *events: Event,
        occurred_at: datetime | None = None,
        policy: str | None = None,
        actor: str = "a-agent",
    ) -> Life:
        """Record events as facts, without asking whether they were allowed."""
        case, position, recorded = self.case, self.position, self.recorded
        for event in events:
            position += 1
            version = 1 if case is None else case.version + 1
            at = occurred_at or self.now
            one = Recorded(position, version, event, at, self.now, policy or self.policy.hash, actor)
            case, recorded = evolve(case, self.case_id, one), (*recorded, one)
        return replace(self, case=case, position=position, recorded=recorded)

    def context(self, by: Actor, other: Life | None = None, occurred_at: datetime | None = None) -> Context:
        policies = self.policies if other is None else {**other.policies, **self.policies}
        return Context(self.now, by, self.policy, policies, occurred_at, None if other is None else other.case)

    def decided(
        self, command: Command, by: Actor = HEAD, *, other: Life | None = None, occurred_at: datetime | None = None
    ) -> tuple[Event, ...] | Rejection:
        return decide(self.case, command, self.context(by, other, occurred_at))

    def does(
        self, command: Command, by: Actor = HEAD, *, other: Life | None = None, occurred_at: datetime | None = None
    ) -> Life:
        """Give a command that must be allowed."""
        outcome = self.decided(command, by, other=other, occurred_at=occurred_at)
        assert not isinstance(outcome, Rejection), outcome
        claimed = command.occurred_at if isinstance(command, Receive) else occurred_at
        return self.happened(*outcome, occurred_at=claimed)

    def refuses(
        self,
        command: Command,
        code: str,
        by: Actor = HEAD,
        *,
        other: Life | None = None,
        occurred_at: datetime | None = None,
    ) -> str:
        """Give a command that must be refused with this code; the reason in words."""
        outcome = self.decided(command, by, other=other, occurred_at=occurred_at)
        assert isinstance(outcome, Rejection), outcome
        assert outcome.code == code
        return outcome.detail

    def means(
        self, command: Command, by: Actor = HEAD, *, other: Life | None = None, occurred_at: datetime | None = None
    ) -> tuple[Event, ...]:
        """The events of a command that must be allowed."""
        outcome = self.decided(command, by, other=other, occurred_at=occurred_at)
        assert not isinstance(outcome, Rejection), outcome
        return outcome

    def merged_into(self, survivor: Life, by: Actor = HANDLER) -> tuple[Life, Life]:
        """This case goes on as the other one: both, after that."""
        merged = self.does(Merge(survivor.case_id, "One matter."), by, other=survivor)
        gained = absorb(survivor.told, self.told, survivor.context(by, self))
        return merged, survivor.happened(*gained)

    def fired(self) -> Life:
        """The timers make an event of whatever is due by now, in the order in which the store does."""
        after = self
        while due := [firing for firing in after.firings() if firing.at <= after.now]:
            first = min(due, key=lambda f: (f.at, f.deadline.kind, f.deadline.generation, f.step))
            after = after.happened(
                first.event, occurred_at=first.at, policy=first.deadline.policy, actor="system:workflow"
            )
        return after

    def deadlines(self) -> tuple[Deadline, ...]:
        return obligations(self.told, self.policies)

    def firings(self) -> tuple[Firing, ...]:
        """What the log still owes."""
        return firings(self.told, self.deadlines())

    def runs(self, kind: str) -> list[Deadline]:
        """Every run of a clock, first to last."""
        return [deadline for deadline in self.deadlines() if deadline.kind == kind]

    def deadline(self, kind: str) -> Deadline:
        """The latest run of a clock."""
        return self.runs(kind)[-1]


def life(policy: Policy | None = None, at: datetime = MONDAY, case_id: UUID = CASE_ID, position: int = 0) -> Life:
    """Nothing yet. `position` is that of the log's last event."""
    return Life(policy or default_policy(), at, position=position, case_id=case_id)


def folded(recorded: Sequence[Recorded]) -> Case:
    case = fold(None, CASE_ID, recorded)
    assert case is not None
    return case
