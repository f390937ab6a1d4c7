"""Ten cases worth discussing, by stated rules: each names the case that shows its point best, in the order below.

When every rule has named one and there are not ten yet, they go round again. No case is named twice; where two are
alike, the earlier one is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from amends_domain.case import COMPLAINT, Status
from amends_domain.events import (
    CaseReopened,
    CustomerConfirmed,
    CustomerDeclined,
    FollowedUp,
    HandOffAccepted,
)
from amends_domain.measures.told import Span, Told
from amends_domain.measures.trouble import escalations
from amends_domain.policy_clocks import PROMISE
from amends_domain.policy_measures import DELIGHTED, UNHAPPY
from amends_domain.reference import reference_of
from amends_domain.runs import Verdict

CASES_MAX: Final = 10
RULES: Final = (
    "unsatisfied",
    "most_breaches",
    "most_escalated",
    "unhappiest",
    "reopened",
    "passed_around",
    "broken_promises",
    "most_declined",
    "longest",
    "delighted",
)
_SECOND: Final = timedelta(seconds=1)


class Notable(NamedTuple):
    """A case that a rule may name: the higher the score, the rather. `position` is that of its first event."""

    rule: str
    score: int
    position: int
    case_id: UUID
    branch: str

    @property
    def reference(self) -> str:
        return reference_of(self.position)

    @property
    def order(self) -> tuple[int, int]:
        return -self.score, self.position


def notable(told: Told, span: Span) -> Iterator[Notable]:
    """By which rules a complaint may be named."""
    case = told.case
    if case.kind != COMPLAINT or told.is_apart:
        return
    for rule, score in _scores(told, span).items():
        if score > 0:
            yield Notable(rule, score, case.first_position, case.id, case.branch)


def _scores(told: Told, span: Span) -> Mapping[str, int]:
    scores = dict.fromkeys(RULES, 0)
    survey = span.terms.survey
    for entry in told.in_month(span):
        match entry.recorded.event:
            case FollowedUp(satisfaction=answer):
                if survey.get(answer) == UNHAPPY:
                    scores["unhappiest"] = max(scores["unhappiest"], 11 - answer)
                if survey.get(answer) == DELIGHTED:
                    # The sooner the better to learn from.
                    took = (entry.recorded.recorded_at - told.events[0].recorded_at) // _SECOND
                    scores["delighted"] = max(scores["delighted"], 10**12 - took)
            case CaseReopened():
                scores["reopened"] += 1
            case HandOffAccepted():
                scores["passed_around"] += 1
            case CustomerDeclined():
                scores["most_declined"] += 1
            case CustomerConfirmed():
                took = (entry.recorded.recorded_at - told.events[0].recorded_at) // _SECOND
                scores["longest"] = max(scores["longest"], took)
        if entry.before is not None and entry.before.is_open and entry.after.status is Status.CLOSED_UNSATISFIED:
            scores["unsatisfied"] += 1
    for deadline in told.deadlines:
        decided = None if deadline.is_customers else told.decided(deadline, span)
        if decided is not None and decided.verdict is Verdict.BREACHED and span.has(decided.at):
            scores["most_breaches"] += 1
            scores["broken_promises"] += deadline.kind == PROMISE
    scores["most_escalated"] = sum(count for key, count in escalations(told, span) if key[0] == "escalated")
    return scores


def best(found: Iterable[Notable]) -> dict[str, list[Notable]]:
    """By rule, as many as could ever be named, the best first: what is kept when sums are made."""
    by_rule: dict[str, list[Notable]] = {rule: [] for rule in RULES}
    for each in found:
        by_rule[each.rule].append(each)
    return {rule: sorted(some, key=lambda each: each.order)[:CASES_MAX] for rule, some in by_rule.items()}


def chosen(by_rule: Mapping[str, Sequence[Notable]]) -> list[Notable]:
    """Those that the rules name, ten at most, each with the rule that chose it."""
    named: list[Notable] = []
    while len(named) < CASES_MAX:
        before = len(named)
        for rule in RULES:
            taken = {each.case_id for each in named}
            following = next((each for each in by_rule.get(rule, ()) if each.case_id not in taken), None)
            if following is not None and len(named) < CASES_MAX:
                named.append(following)
        if len(named) == before:
            break
    return named
