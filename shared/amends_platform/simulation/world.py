"""Lives as the log would have them: every step decided when its time comes, every clock's event when it is due.

Pure. What intake, the timers and the links between cases do to a running system is done here one thing after another,
on a clock that is moved from one to the next.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from amends_domain.alerts import ALERTS
from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.commands import Command, Link, Merge
from amends_domain.decide import Actor, Context, Rejection, decide
from amends_domain.decisions.links import absorb
from amends_domain.events import ChildrenActed, Event
from amends_domain.firings import firings
from amends_domain.policy import Policy
from amends_domain.transitions import hands_on
from amends_platform.decided import Decided
from amends_platform.simulation.attending import attend
from amends_platform.simulation.belonging import Belonging
from amends_platform.simulation.telling import Step, Town

TIMERS: Final = Actor("system:workflow", "", None)
_CORRELATIONS: Final = UUID("0f6a8f2c-4a0e-5c1d-9b55-6f3ae0a0c9d1")
# By how much a timer is late in a running system.
_LATE_MS: Final = (2, 40)


class Happening(NamedTuple):
    """What a command or a timer did to one case at `at`, ready to be written; `customer_ref` is whose case it is."""

    at: datetime
    decided: Decided
    correlation_id: UUID
    customer_ref: str

    @property
    def case_id(self) -> UUID:
        return self.decided.case_id


class Refused(NamedTuple):
    """A step that was refused at `at`."""

    at: datetime
    step: Step
    case_id: UUID | None
    rejection: Rejection
    correlation_id: UUID


class _Due(NamedTuple):
    """What a clock, or a link between cases, has yet to say of a case: its order among others, and the event."""

    at: datetime
    clock: str
    generation: int
    step: int
    policy: str
    event: Event


@dataclass
class _Known:
    case: Case
    correlation_id: UUID
    # Which of what was scheduled for it is still meant.
    ticket: int = 0


class World:
    """Plays steps, and what follows of itself. `cases` are as they are then."""

    def __init__(self, tenant: str, town: Town) -> None:
        self._policy = town.policy
        self._policies: Mapping[str, Policy] = {town.policy.hash: town.policy}
        self._belonging = Belonging(tenant, self._policies)
        self._scene = town.scene("world")
        self._known: dict[UUID, _Known] = {}
        self._position = 0
        self._order = count()
        self._agenda: list[tuple[datetime, int, Callable[[datetime], Iterator[Happening | Refused]]]] = []

    @property
    def cases(self) -> list[Case]:
        return [known.case for known in self._known.values()]

    def case(self, case_id: UUID | None) -> Case | None:
        """The case as it is now; None where there is none."""
        known = None if case_id is None else self._known.get(case_id)
        return None if known is None else known.case

    def play(self, steps: Iterable[Step], until: datetime) -> Iterator[Happening | Refused]:
        """Everything up to `until`, in the order of time. `steps` are in that order, and are taken one by one."""
        for step in steps:
            if step.at > until:
                break
            yield from self._by(step.at)
            yield from self._step(step, step.at)
        yield from self._by(until, last=True)

    def _by(self, until: datetime, *, last: bool = False) -> Iterator[Happening | Refused]:
        """What comes of itself before `until`; then, too, where it is the `last` instant."""
        while self._agenda and (self._agenda[0][0] < until or (last and self._agenda[0][0] == until)):
            at, _, act = heapq.heappop(self._agenda)
            yield from act(at)

    def _put(self, at: datetime, act: Callable[[datetime], Iterator[Happening | Refused]]) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), act))

    def _stepped(self, step: Step) -> Callable[[datetime], Iterator[Happening | Refused]]:
        return lambda at: self._step(step, at)

    def _step(self, step: Step, at: datetime) -> Iterator[Happening | Refused]:
        case = self._case_of(step.of)
        command = step.command
        if callable(command):
            assumed = None if case is None else command(case)
            if assumed is None:
                return
            command = assumed
        if case is None and isinstance(step.of, str):
            return
        correlation_id = self._correlation()
        context = self._context(at, step, self._other(command))
        decision = decide(case, command, context)
        if isinstance(decision, Rejection):
            yield Refused(at, step, None if case is None else case.id, decision, correlation_id)
            return
        if case is None:
            assert isinstance(step.of, UUID), "an incident begins by itself"
            yield from self._happened(None, step.of, decision, context, correlation_id)
        elif hands_on(case, command.NAME):
            yield from self._handed_on(case, command, context, correlation_id)
        else:
            if isinstance(command, Merge):
                survivor = self._known[command.into].case
                absorbed = absorb(survivor, case, context)
                yield from self._happened(survivor, survivor.id, absorbed, context, correlation_id)
            yield from self._happened(case, case.id, decision, context, correlation_id)

    def _case_of(self, of: UUID | str) -> Case | None:
        if isinstance(of, str):
            return self._belonging.incident_with(of)
        return self.case(of)

    def _other(self, command: Command) -> Case | None:
        if isinstance(command, Merge):
            return self._case_of(command.into)
        return self._case_of(command.other) if isinstance(command, Link) else None

    def _context(self, at: datetime, step: Step, other: Case | None) -> Context:
        return Context(at, step.actor, self._policy, self._policies, step.occurred_at, other)

    def _handed_on(
        self, incident: Case, command: Command, context: Context, correlation_id: UUID
    ) -> Iterator[Happening]:
        """Each case of the incident decides for itself."""
        applied, refused = 0, 0
        for case in self._belonging.cases_of(incident.id):
            decision = decide(case, command, context)
            if isinstance(decision, Rejection):
                refused += 1
                continue
            applied += 1
            yield from self._happened(case, case.id, decision, context, correlation_id)
        acted = ChildrenActed(command.NAME, applied, refused)
        yield from self._happened(self._known[incident.id].case, incident.id, (acted,), context, correlation_id)

    def _happened(
        self, case: Case | None, case_id: UUID, events: tuple[Event, ...], context: Context, correlation_id: UUID
    ) -> Iterator[Happening]:
        decided = Decided(case, case_id, events, context)
        self._position += len(events)
        after = decided.after(last_position=self._position, recorded_at=context.now)
        known = self._known.setdefault(case_id, _Known(after, correlation_id))
        known.case, known.correlation_id = after, correlation_id
        yield Happening(context.now, decided, correlation_id, after.customer_ref)
        self._attend(after, events, context.now)
        for each in self._belonging.changed(after) | {case_id}:
            self._schedule(each, context.now)
        for found in self._belonging.opening():
            self._put(
                self._late(max(found.at, context.now)),
                self._opened(found.incident_id, found.at, found.event, found.full_by),
            )

    def _attend(self, case: Case, events: tuple[Event, ...], at: datetime) -> None:
        """Somebody may look at the alerts among the events, which are the last of the case."""
        for position, event in enumerate(events, case.position - len(events) + 1):
            step = attend(self._scene, case, event, position, at) if event.TYPE in ALERTS else None
            if step is not None:
                self._put(step.at, self._stepped(step))

    def _schedule(self, case_id: UUID, now: datetime) -> None:
        """Put the next thing that is owed of the case on the agenda, in place of what was there."""
        known = self._known[case_id]
        known.ticket += 1
        due = min(self._owed(known.case), key=lambda each: each[:4], default=None)
        if due is not None:
            ticket = known.ticket
            self._put(self._late(max(due.at, now)), lambda at: self._fired(case_id, ticket, due, at))

    def _owed(self, case: Case) -> Iterator[_Due]:
        for firing in firings(case, obligations(case, self._policies)):
            deadline = firing.deadline
            yield _Due(firing.at, deadline.kind, deadline.generation, firing.step, deadline.policy, firing.event)
        for clock, at, event in self._belonging.owed(case):
            yield _Due(at, clock, 0, 0, self._policy.hash, event)

    def _fired(self, case_id: UUID, ticket: int, due: _Due, at: datetime) -> Iterator[Happening]:
        known = self._known[case_id]
        if known.ticket == ticket:
            yield from self._by_itself(known.case, case_id, due.event, due.at, at, known.correlation_id)

    def _opened(
        self, incident_id: UUID, since: datetime, event: Event, full_by: UUID
    ) -> Callable[[datetime], Iterator[Happening]]:
        def open_it(at: datetime) -> Iterator[Happening]:
            if incident_id not in self._known:
                correlation_id = self._known[full_by].correlation_id
                yield from self._by_itself(None, incident_id, event, since, at, correlation_id)

        return open_it

    def _by_itself(
        self, case: Case | None, case_id: UUID, event: Any, since: datetime, at: datetime, correlation_id: UUID
    ) -> Iterator[Happening]:
        late_by_ms = max(0, (at - since) // timedelta(milliseconds=1))
        context = Context(at, TIMERS, self._policy, self._policies, since)
        yield from self._happened(case, case_id, (replace(event, late_by_ms=late_by_ms),), context, correlation_id)

    def _late(self, at: datetime) -> datetime:
        return at + timedelta(milliseconds=self._scene.chance.randint(*_LATE_MS))

    def _correlation(self) -> UUID:
        return uuid5(_CORRELATIONS, f"{self._scene.town.seed}:{next(self._order)}")
