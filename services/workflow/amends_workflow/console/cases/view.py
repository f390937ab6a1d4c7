"""All that a page of one case shows, as it is or as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from amends_domain.case import Case
from amends_domain.hindsight import Hindsight
from amends_domain.owing import still_owed
from amends_domain.policy import Policy
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline, Verdict
from amends_platform.words import Words
from amends_store.records import StoredEvent
from amends_workflow import answers
from amends_workflow.console.cases.rail import Step, rail
from amends_workflow.console.cases.timeline import Entry, timeline
from amends_workflow.console.present import Present
from amends_workflow.console.visitors import Console, Visitor
from amends_workflow.explanation import explain
from amends_workflow.parameters import CaseParameters
from amends_workflow.past import Known, known_case, seen
from amends_workflow.read_model import breached_at
from amends_workflow.relations import relations_of

# Of a long history, the latest; the rest when one asks for it.
ENTRIES_MAX: Final = 200
_LEFT_OUT: Final = frozenset({Verdict.EXTENDED, Verdict.CANCELLED})


class Clock(NamedTuple):
    """One run of a clock, with its explanation in words. `is_owed`: it runs, or has run out and still waits to be
    met."""

    kind: str
    number: int | None
    generation: int
    status: str
    due_at: datetime
    ended_at: datetime | None
    breached_at: datetime | None
    provisional: bool
    is_customers: bool
    is_owed: bool
    explanation: str

    @property
    def runs(self) -> bool:
        return self.status == Verdict.PENDING.value


@dataclass(frozen=True, slots=True)
class View:
    """`answer` is the case in the shape of CaseAnswer. `rows`: its events. `customer`: who, as far as one may read it.
    `all_entries` counts the history, of which `entries` may be the latest only."""

    case: Case
    answer: Mapping[str, Any]
    rows: tuple[StoredEvent, ...]
    clocks: tuple[Clock, ...]
    entries: tuple[Entry, ...]
    rail: tuple[Step, ...]
    customer: Mapping[str, str]
    customer_is_erased: bool
    playbook: Any
    is_past: bool
    all_entries: int

    @property
    def reference(self) -> str:
        return str(self.answer["reference"])


async def view_of(
    console: Console,
    visitor: Visitor,
    name: str,
    wanted: CaseParameters,
    words: Words,
    present: Present,
    *,
    whole: bool = False,
) -> View:
    """The case called `name`. `whole`: however long its history is. Raises Problem: 404, 422."""
    of, asked = console.of, visitor.asked
    known = await known_case(of, asked, name, wanted)
    relations = await relations_of(of.tenant, known.case, wanted)

    shows_staff = asked.may("read-complained-of", known.case.branch).is_permitted

    def judged(policies: Mapping[str, Policy]) -> tuple[Hindsight, dict[str, Any], list[Clock]]:
        then = seen(known, wanted, policies)
        answer = answers.case_answer(then.case, then.deadlines, policies, relations, shows_staff=shows_staff)
        listed = [each for each in reversed(then.deadlines) if each.status not in _LEFT_OUT]
        owed = still_owed(then.case, then.deadlines)
        return then, answer, [_clock(known, then, each, each in owed, policies, wanted, words) for each in listed]

    then, answer, clocks = await of.policies.judge(judged)
    history = [(row, str(answer["reference"])) for row in known.rows]
    if not wanted.is_past:
        for absorbed in await of.enquiries.absorbed(known.case):
            theirs = await of.cases.history(absorbed.id)
            history += [(row, reference_of(absorbed.first_position)) for row in theirs]
        history.sort(key=lambda each: each[0].position)
    shown = history if whole else history[-ENTRIES_MAX:]
    reader = of.enquiries.reader(asked, "case-page", known.case)
    told = await reader.answers([row for row, _ in shown])
    first = told[0] if shown[0][0] is known.rows[0] else (await reader.answers(known.rows[:1]))[0]
    for each, (_, reference) in zip(told, shown, strict=True):
        each["reference"] = reference
    seen_by = {each.position: each.acknowledged_by for each in then.case.acknowledged}
    own = str(answer["reference"])
    entries = timeline(
        [row for row, _ in shown],
        told,
        words,
        present.zone,
        own,
        then.not_yet,
        seen_by,
        shows_staff=shows_staff,
    )
    return View(
        case=then.case,
        answer=answer,
        rows=tuple(known.rows),
        clocks=tuple(_sorted(clocks)),
        entries=tuple(entries),
        rail=tuple(rail(then.case)),
        customer=_customer(first),
        customer_is_erased=first.get("personal_missing") == "erased",
        playbook=_playbook(answer["playbook"], words.language),
        is_past=wanted.is_past,
        all_entries=len(history),
    )


def _sorted(clocks: list[Clock]) -> list[Clock]:
    """Those that are still to be met, the next first; then those that have ended, the last first."""
    owed = sorted((clock for clock in clocks if clock.is_owed), key=lambda clock: clock.due_at)
    ended = sorted((clock for clock in clocks if not clock.is_owed), key=lambda clock: clock.due_at, reverse=True)
    return owed + ended


def _clock(
    known: Known,
    then: Hindsight,
    deadline: Deadline,
    is_owed: bool,
    policies: Mapping[str, Policy],
    wanted: CaseParameters,
    words: Words,
) -> Clock:
    explained = explain(known, then, deadline, policies, wanted, words)
    return Clock(
        kind=deadline.kind,
        number=deadline.number,
        generation=deadline.generation,
        status=deadline.status.value,
        due_at=deadline.due_at,
        ended_at=deadline.ended_at,
        breached_at=breached_at(deadline),
        provisional=deadline.provisional,
        is_customers=deadline.is_customers,
        is_owed=is_owed,
        explanation=explained["text"],
    )


def _customer(first: Mapping[str, Any]) -> dict[str, str]:
    """Who complains, where one may read it: names and numbers as they were told."""
    customer = (first.get("personal") or {}).get("customer") or {}
    return {str(name): str(value) for name, value in customer.items() if isinstance(value, str | int | float)}


def _playbook(by_language: Mapping[str, Any] | None, language: str) -> Any:
    """In the reader's language, else in English, else in whichever there is."""
    if not by_language:
        return None
    fitting = (name for name in by_language if name.partition("-")[0] == language)
    chosen = next(fitting, "en" if "en" in by_language else next(iter(by_language)))
    return {**by_language[chosen], "language": chosen}
