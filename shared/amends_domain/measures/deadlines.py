"""Clocks: the organisation's deadlines by how they ended; promises and countermeasures, made, kept and still open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from amends_domain.measures.told import Counts, Decided, Key, Span, Told
from amends_domain.policy_clocks import CORRECTIVE_ACTION, PROMISE
from amends_domain.runs import Deadline, Verdict


class Kept(NamedTuple):
    """A promise or countermeasure: when it was given, how it ended (None: it did not), when it was carried out."""

    number: int
    made_at: datetime
    decided: Decided | None
    done_at: datetime | None


def timeliness(told: Told, span: Span) -> Counts:
    """Deadlines met and breached, by clock. The customer's own clocks are nobody's merit and nobody's fault."""
    for deadline in told.deadlines:
        decided = None if deadline.is_customers else told.decided(deadline, span)
        if decided is not None and decided.verdict is not Verdict.CANCELLED and span.has(decided.at):
            yield ("clock", deadline.kind, decided.verdict.value), 1


def promises(told: Told, span: Span) -> Counts:
    """A promise is kept, broken (for good, also when it is kept later), or dropped with a withdrawn or merged case."""
    outcomes = {Verdict.MET: "kept", Verdict.BREACHED: "broken", Verdict.CANCELLED: "dropped"}
    for promise in given(told, span, PROMISE):
        decided = promise.decided
        yield from _stock(("promise",), promise.made_at, None if decided is None else decided.at, span)
        if decided is not None and span.has(decided.at):
            yield ("promise", outcomes[decided.verdict]), 1


def countermeasures(told: Told, span: Span) -> Counts:
    """By the cause that the case had at the cut. What is late is still to be done."""
    cause = told.case.cause or ""
    for planned in given(told, span, CORRECTIVE_ACTION):
        yield from _stock(("countermeasure", cause), planned.made_at, planned.done_at, span)
        if planned.done_at is not None and span.has(planned.done_at):
            yield ("countermeasure", cause, "done"), 1
        decided = planned.decided
        if decided is not None and decided.verdict is Verdict.BREACHED and span.has(decided.at):
            yield ("countermeasure", cause, "late"), 1


def given(told: Told, span: Span, clock: str) -> Iterator[Kept]:
    """The promises (or countermeasures) of a case. One that was timed anew is one."""

    def number_of(deadline: Deadline) -> int:
        return deadline.number or 0

    runs = sorted((each for each in told.deadlines if each.kind == clock), key=number_of)
    for number, of_one in groupby(runs, number_of):
        all_runs = list(of_one)
        last = all_runs[-1]
        ended = last.ended_at if last.status in (Verdict.MET, Verdict.BREACHED, Verdict.CANCELLED) else None
        done_at = None if ended is None else max(ended, told.known_at(last))
        yield Kept(number, told.known_at(all_runs[0]), told.decided(last, span), done_at)


def _stock(what: Key, made_at: datetime, over_at: datetime | None, span: Span) -> Counts:
    """Whether it was there before the month, was made in it, and is there at its end."""
    if made_at < span.start and (over_at is None or over_at >= span.start):
        yield (*what, "before"), 1
    if span.has(made_at):
        yield (*what, "made"), 1
    if over_at is None:
        yield (*what, "open"), 1
