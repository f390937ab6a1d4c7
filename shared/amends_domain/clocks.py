"""Deadlines, derived: `obligations(case, policies)` is the only place that says what is due, met or breached.

A clock starts when its event *occurred* and is stopped by an event *recorded* at or before the due time. What was
recorded later came too late, however early it claims to have happened: so a slow timer, or one that was down,
never changes a verdict. Each clock is judged by the policy in force at the event that started it, and by what was
known of the case then; what becomes known later starts clocks that it calls for, and never stops one silently.
`runs` holds a clock while the events are read, `firings` says what the log still owes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from amends_domain.calendars import after
from amends_domain.case import COMPLAINT, Case, Mark
from amends_domain.durations import Duration
from amends_domain.events import (
    ActionTaken,
    CallbackAgreed,
    CaseClassified,
    CaseEscalated,
    CaseReopened,
    ClosedUnsatisfied,
    ComplaintReceived,
    ComplaintWithdrawn,
    DeadlineBreached,
    DeadlineExtended,
    DeadlineRetimed,
    FlagsChanged,
    FollowedUp,
    IncidentClosed,
    MergedInto,
    PromiseKept,
    Reclassified,
    ReminderIssued,
)
from amends_domain.policy import Policy
from amends_domain.policy_rules import ClockRule, Facts, When
from amends_domain.runs import Deadline, Run, Verdict, at_start, next_term

_FIRED = frozenset({ReminderIssued.TYPE, DeadlineBreached.TYPE})
# What the organisation owes the customer by its word outlives a closed case; withdrawing or merging it ends that too.
_CLOSING = frozenset({FollowedUp.TYPE, ClosedUnsatisfied.TYPE, IncidentClosed.TYPE})
_ENDING = frozenset({ComplaintWithdrawn.TYPE, MergedInto.TYPE})
# What may end a clock whatever its rule names; most events do not, and every running clock is asked at each.
_MAY_END = _CLOSING | _ENDING | {ActionTaken.TYPE}
# What may move a clock of a case without flags.
_MAY_MOVE = frozenset({DeadlineExtended.TYPE, DeadlineRetimed.TYPE, ActionTaken.TYPE, FlagsChanged.TYPE})
# Reopening gives the case fresh clocks, and so does finding that it is a complaint, as if it had just been received.
_BEGINNING = frozenset({ComplaintReceived.TYPE, CaseReopened.TYPE, Reclassified.TYPE})

# What every clock may hear of, whatever its policy says.
_HEARD = _FIRED | {CaseEscalated.TYPE} | _MAY_END | _MAY_MOVE | _BEGINNING | {CallbackAgreed.TYPE}

_CORRECTIVE_ACTION = "action:corrective_action_done"


class UnknownPolicy(LookupError):
    """An event was judged by a policy that is not at hand."""


def obligations(case: Case, policies: Mapping[str, Policy]) -> tuple[Deadline, ...]:
    """Every deadline that the case ever had, in the order in which they started. Raises UnknownPolicy."""
    return _Reading(case, policies).deadlines()


def current(deadlines: tuple[Deadline, ...], cycle: int) -> Deadline | None:
    """The latest run, in this cycle, of the clock whose time is agreed with the customer."""
    for deadline in reversed(deadlines):
        if deadline.rule.is_agreed and deadline.cycle == cycle:
            return deadline
    return None


def running(deadlines: tuple[Deadline, ...], kind: str) -> Deadline | None:
    """The run of this clock that is neither over nor past its time; the latest, where several are."""
    return next((d for d in reversed(deadlines) if d.kind == kind and d.status is Verdict.PENDING), None)


class _Reading:
    """The events of a case being read for its clocks."""

    def __init__(self, case: Case, policies: Mapping[str, Policy]) -> None:
        self._case = case
        self._policies = policies
        self._runs: list[Run] = []
        # By clock, and by the number of the promise where a clock runs for each.
        self._running: dict[tuple[str, int | None], Run] = {}
        self._generations: dict[str, int] = {}
        # None where a policy is not at hand, which whoever needs it will find out.
        self._heard: frozenset[str] | None = _HEARD

    def deadlines(self) -> tuple[Deadline, ...]:
        facts: Facts | None = None
        policy: str | None = None
        for index, mark in enumerate(self._case.marks):
            if mark.policy != policy:
                policy = mark.policy
                self._hear(policy)
            # Most of what happens on a long case, notes and calls, is nothing to any clock.
            if (
                self._heard is not None
                and mark.type not in self._heard
                and mark.facts is facts
                and not mark.facts["flag"]
            ):
                continue
            if _is_fired(mark):
                self._fired(mark)
                continue
            if self._case.historical and mark.cycle == 1:
                continue
            if self._running:
                self._stop(mark)
                self._move(mark)
            if facts is not None and mark.facts is not facts:
                self._suit(index, mark, facts)
            facts = mark.facts
            self._start(mark)
        return tuple(run.freeze() for run in self._runs)

    def _hear(self, policy_hash: str | None) -> None:
        """From here on, what starts and stops clocks by this policy, too: those started by another run on."""
        if policy_hash is None or self._heard is None:
            return
        policy = self._policies.get(policy_hash)
        self._heard = None if policy is None else self._heard | policy.clock_events

    def _policy_of(self, mark: Mark) -> Policy | None:
        if mark.policy is None:
            return None
        policy = self._policies.get(mark.policy)
        if policy is None:
            raise UnknownPolicy(mark.policy)
        return policy

    def _fired(self, mark: Mark) -> None:
        name, generation, *steps = mark.note
        for run in self._runs:
            if run.rule.name == name and run.generation == generation:
                if steps:
                    run.issued.add(steps[0])
                else:
                    run.breach_recorded = True
                    run.status = Verdict.BREACHED

    def _stop(self, mark: Mark) -> None:
        for key, run in list(self._running.items()):
            verdict = _ending(run, key[1], mark)
            if verdict is not None:
                run.end(mark, verdict)
                del self._running[key]

    def _move(self, mark: Mark) -> None:
        """Replace running clocks by runs of another length, as the mark demands."""
        if mark.type not in _MAY_MOVE and not mark.facts["flag"]:
            return
        is_retiming = mark.type == DeadlineRetimed.TYPE
        for key, run in list(self._running.items()):
            if is_retiming or run.rule.may_move:
                self._move_one(key, run, mark)

    def _move_one(self, key: tuple[str, int | None], run: Run, mark: Mark) -> None:
        moved = _retimed(run, mark, self._policy_of(mark)) if mark.type == DeadlineRetimed.TYPE else None
        moved = moved or _extended(run, mark) or _hurried(run, mark)
        if moved is not None:
            run.end(mark, Verdict.EXTENDED)
            self._begin(key, moved)

    def _suit(self, index: int, mark: Mark, before: Facts) -> None:
        """More is known of the case: start what that calls for, and drop what a classification proves mistaken."""
        if mark.type == CaseClassified.TYPE:
            for key, run in list(self._running.items()):
                if _is_mistaken(run, mark):
                    run.end(mark, Verdict.CANCELLED)
                    del self._running[key]
        for place in range(index):
            earlier = self._case.marks[place]
            if earlier.cycle != mark.cycle or not _may_begin(earlier, mark):
                continue
            for rule, policy in self._called_for(earlier, mark.facts):
                if not rule.when.matches(before) and not rule.is_promised and not self._had(rule, earlier):
                    late = at_start(rule, policy, earlier)
                    if late is not None:
                        late.called_for_by = mark.version
                        self._catch_up(late, place + 1, index + 1)

    def _had(self, rule: ClockRule, mark: Mark) -> bool:
        """Whether this clock ran from that very event before: it is not started twice.

        One that a classification ended runs again when the next one calls for it after all.
        """
        return any(
            run.rule.name == rule.name
            and (run.cycle, run.origin) == (mark.cycle, mark.occurred_at)
            and run.status is not Verdict.CANCELLED
            for run in self._runs
        )

    def _catch_up(self, run: Run, first: int, last: int) -> None:
        """Start a run that began in the past, and read what happened to it since."""
        key = (run.rule.name, None)
        self._begin(key, run)
        for mark in self._case.marks[first:last]:
            if _is_fired(mark):
                continue
            latest = self._running[key]
            verdict = _ending(latest, None, mark)
            if verdict is not None:
                latest.end(mark, verdict)
                del self._running[key]
                return
            self._move_one(key, latest, mark)

    def _start(self, mark: Mark) -> None:
        if mark.type == CallbackAgreed.TYPE:
            self._agree(mark)
            return
        for rule, policy in self._called_for(mark, mark.facts):
            run = at_start(rule, policy, mark)
            if run is not None:
                self._begin((rule.name, run.number), run)

    def _called_for(self, mark: Mark, facts: Facts) -> Iterable[tuple[ClockRule, Policy]]:
        """The clocks that the mark starts on a case of which so much is known, as far as they are not running."""
        policy = self._policy_of(mark)
        rules = None if policy is None else policy.clocks_from.get(_started_by(mark))
        return () if policy is None or rules is None else self._calling(rules, policy, mark, facts)

    def _calling(
        self, rules: Iterable[ClockRule], policy: Policy, mark: Mark, facts: Facts
    ) -> Iterator[tuple[ClockRule, Policy]]:
        for rule in rules:
            if not rule.is_promised and (rule.name, None) in self._running:
                continue
            if rule.when.matches(facts) and _concerns(rule, mark, facts):
                yield rule, policy

    def _agree(self, mark: Mark) -> None:
        policy = self._policy_of(mark)
        if policy is None:
            return
        for rule in policy.clocks:
            if rule.is_agreed:
                key = (rule.name, None)
                before = self._running.get(key)
                if before is not None:
                    before.end(mark, Verdict.EXTENDED)
                    # The extension belongs to the clock that runs, so to the policy that clock was started under.
                    self._begin(key, before.moved(mark, mark.note, started_at=mark.occurred_at))
                elif rule.when.matches(mark.facts):
                    self._begin(key, Run(rule, policy, mark, mark.occurred_at, mark.note))

    def _begin(self, key: tuple[str, int | None], run: Run) -> None:
        name = run.rule.name
        run.generation = self._generations[name] = self._generations.get(name, 0) + 1
        self._runs.append(run)
        self._running[key] = run


def _started_by(mark: Mark) -> str:
    """How a policy calls what happened: an event type, or `action:NAME`."""
    if mark.type in _BEGINNING:
        return ComplaintReceived.TYPE
    return f"action:{mark.note[0]}" if mark.type == ActionTaken.TYPE else mark.type


def _is_fired(mark: Mark) -> bool:
    """Whether it is a clock's own doing, which starts and stops none."""
    return mark.type in _FIRED or (mark.type == CaseEscalated.TYPE and mark.note is not None)


def _is_mistaken(run: Run, mark: Mark) -> bool:
    """Whether what this classification tells contradicts what the clock was started for.

    What it does not tell says nothing, though an investigation may have found another cause since.
    """
    return any(
        name in mark.note and not When(((name, accepted),)).matches(mark.facts)
        for name, accepted in run.rule.when.conditions
    )


def _may_begin(earlier: Mark, now: Mark) -> bool:
    # A complaint that was an inquiry at first is one from when that was found.
    is_start = earlier.type != CallbackAgreed.TYPE and not _is_fired(earlier)
    return now.type != Reclassified.TYPE and is_start and earlier.policy is not None


def _concerns(rule: ClockRule, mark: Mark, facts: Facts) -> bool:
    """Only complaints run the life cycle's clocks; a rule that asks for the kind decides that itself."""
    if mark.type not in _BEGINNING or rule.when.asks_for_kind:
        return mark.type != Reclassified.TYPE or bool(mark.note)
    return facts["kind"] == COMPLAINT and mark.facts["kind"] == COMPLAINT


def _ending(run: Run, number: int | None, mark: Mark) -> Verdict | None:
    """How the mark ends the run; None when it does not."""
    if mark.type not in _MAY_END and mark.type not in run.rule.stop:
        return None
    if _stops(run, number, mark):
        return Verdict.MET
    if mark.type in _ENDING and not (run.rule.is_promised and _CORRECTIVE_ACTION in run.rule.stop):
        return Verdict.CANCELLED
    if mark.type in _CLOSING and not run.rule.is_promised:
        return Verdict.CANCELLED
    return None


def _stops(run: Run, number: int | None, mark: Mark) -> bool:
    if mark.type == ActionTaken.TYPE:
        action, of = mark.note
        return f"action:{action}" in run.rule.stop and (number is None or of in (None, number))
    if mark.type not in run.rule.stop:
        return False
    return number is None or mark.type != PromiseKept.TYPE or bool(mark.note == number)


def _retimed(run: Run, mark: Mark, policy: Policy | None) -> Run | None:
    """An explicit re-timing: from here the clock is judged by the policy of this event."""
    if policy is None:
        return None
    clock, generation, due_at = mark.note
    rule = policy.clock(clock)
    if (clock, generation) != (run.rule.name, run.generation) or rule is None or not run.may_move(mark):
        return None
    calendar = rule.calendar or policy.calendar
    day = due_at.astimezone(calendar.timezone).date()
    provisional = isinstance(rule.due, Duration) and rule.due.reads_calendar and not calendar.is_known(day)
    return run.moved(mark, due_at, rule=rule, policy=policy, provisional=provisional)


def _extended(run: Run, mark: Mark) -> Run | None:
    """The next longer terms of the rule, as far as the mark gives what they require."""
    moved = None
    while run.may_move(mark) and (term := next_term(run.rule, run.term)) is not None:
        if mark.type == DeadlineExtended.TYPE:
            clock, generation, due_at = mark.note
            if moved is not None or (clock, generation) != (run.rule.name, run.generation) or term.approval is None:
                break
            provisional = after(run.origin, term.to, run.calendar).provisional
            run = moved = run.moved(mark, due_at, term=run.term + 1, provisional=provisional)
            continue
        acted = mark.type == ActionTaken.TYPE and term.action is not None and mark.note[0] == term.action
        if not acted and (term.flag is None or term.flag not in _flags(mark)):
            break
        due = after(run.origin, term.to, run.calendar)
        if due.at <= run.due_at:
            break
        run = moved = run.moved(mark, due.at, term=run.term + 1, provisional=due.provisional)
    return moved


def _hurried(run: Run, mark: Mark) -> Run | None:
    """A case that becomes urgent has the urgent time from then on, where that is sooner."""
    urgent = run.rule.urgent
    if urgent is None or mark.type != FlagsChanged.TYPE or not run.may_move(mark):
        return None
    if "urgent" not in _flags(mark) or "urgent" in run.flags:
        return None
    due = after(mark.occurred_at, urgent, run.calendar)
    return run.moved(mark, due.at, provisional=due.provisional) if due.at < run.due_at else None


def _flags(mark: Mark) -> Any:
    return mark.facts["flag"] or ()
