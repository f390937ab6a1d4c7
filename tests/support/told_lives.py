"""Lives as hypothesis tells them: anything that can be asked, timers at their time, entries made late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import strategies as st

from amends_domain.decide import Rejection
from amends_domain.transitions import allowed
from tests.support.desk import COMMANDS, KINDS, LATER_POLICY, MATTERS, POLICY, STAFF, Asked
from tests.support.lives import HEAD, OTHER_ID, Life, life, receive

_ENDINGS = ("withdraw", "merge", "close-unsatisfied")


class Step(NamedTuple):
    """Time passes, and somebody does something that is possible then; it happened `claimed_ago` minutes before."""

    minutes: int
    choice: int
    variant: int
    hours: int
    person: str
    claimed_ago: int


_MINUTES = st.sampled_from((0, 1, 20, 60, 300, 1440, 4000, 12000))
_CLAIMS = st.sampled_from((0, 0, 0, 5, 90, 1000, 3000, 9000))


def steps(*, claims: bool, min_size: int = 1) -> st.SearchStrategy[list[Step]]:
    """Lists of steps. `claims`: whether entries are made later than they say that things happened."""
    step = st.builds(
        Step,
        minutes=_MINUTES,
        choice=st.integers(0, 40),
        variant=st.integers(0, 40),
        hours=st.integers(1, 200),
        person=st.sampled_from(STAFF),
        claimed_ago=_CLAIMS if claims else st.just(0),
    )
    return st.lists(step, min_size=min_size, max_size=25)


beginnings = st.tuples(st.sampled_from(KINDS), st.sampled_from(MATTERS))


def told(beginning: tuple[str, dict[str, str]], told_steps: Sequence[Step]) -> Iterator[Life]:
    """The life after each event that is recorded, from the first. Half way another policy comes into force."""
    kind, matter = beginning
    other = life(POLICY, case_id=OTHER_ID, position=1000).does(receive())
    now = life(POLICY).does(receive(kind=kind, **matter))
    yield from _event_by_event(life(POLICY), now)
    for number, step in enumerate(told_steps):
        until = now.now + timedelta(minutes=step.minutes)
        for fired in _timers(now, until):
            yield fired
            now = fired
        now = now.at(until)
        if number == len(told_steps) // 2:
            now = now.under(LATER_POLICY)
        after = _done(now, other.at(until), step)
        yield from _event_by_event(now, after)
        now = after


def _timers(now: Life, until: datetime) -> Iterator[Life]:
    """What the timers write up to then, each at its time, and what they then owe."""
    while due := [firing for firing in now.firings() if firing.at <= until]:
        first = min(due, key=lambda f: (f.at, f.deadline.kind, f.deadline.generation, f.step))
        now = now.at(max(now.now, first.at))
        now = now.happened(first.event, occurred_at=first.at, policy=first.deadline.policy)
        yield now


def _done(now: Life, other: Life, step: Step) -> Life:
    # A case that is closed again and again is never settled.
    names = [name for name in allowed(now.told) if name not in _ENDINGS or step.variant < 8]
    name = names[step.choice % len(names)]
    asked = Asked(now, other, step.variant, now.now + timedelta(hours=step.hours), step.person)
    claimed = max(now.told.received_at, now.now - timedelta(minutes=step.claimed_ago)) if step.claimed_ago else None
    command = COMMANDS[name](asked)
    outcome = now.decided(command, HEAD, other=other, occurred_at=claimed)
    return now if isinstance(outcome, Rejection) else now.happened(*outcome, occurred_at=claimed)


def _event_by_event(before: Life, after: Life) -> Iterator[Life]:
    """The lives in between, when a command means several events."""
    for recorded in after.recorded[len(before.recorded) :]:
        before = before.at(recorded.recorded_at).happened(
            recorded.event, occurred_at=recorded.occurred_at, policy=recorded.policy
        )
        yield before
