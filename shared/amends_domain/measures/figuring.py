"""From the sum of contributions to figures: the only place where anything is divided or rounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Final

from amends_domain.case import ALL_BRANCHES, COMPLAINT, KINDS, OPEN, Status
from amends_domain.measures.contribution import Sum
from amends_domain.measures.discussed import chosen
from amends_domain.measures.figures import (
    CauseRow,
    ClockKept,
    Counted,
    Discussed,
    Figures,
    Flow,
    HandOffs,
    Incidents,
    Part,
    PerCustomers,
    Promises,
    Recovery,
    Reopened,
    Satisfaction,
    ScorecardFigures,
    Share,
    Stay,
    Timeliness,
    Volumes,
    rounded,
    share,
)
from amends_domain.measures.index import index_of
from amends_domain.measures.months import Month
from amends_domain.measures.recurred import recurred
from amends_domain.measures.registered import standards_of
from amends_domain.measures.told import Key
from amends_domain.policy_measures import ANSWERS, DELIGHTED, NEUTRAL, UNHAPPY, Scorecard, Terms
from amends_domain.runs import Verdict

_MICROSECONDS: Final = 1_000_000
# Of customers who ... so many per cent bought again. Source: bank working practice (DOMAIN, Measures).
_BUY_AGAIN: Final = {"unresolved": 19, "resolved": 54, "quickly": 82}
_WITHOUT_COMPLAINT: Final = 9


class _Sheet:
    """The counts of one branch, or of all."""

    def __init__(self, counts: Mapping[Key, int]) -> None:
        self._parts: dict[str | int, Counter[Key]] = {}
        for (name, *rest), count in counts.items():
            self._parts.setdefault(name, Counter())[tuple(rest)] += count

    def count(self, name: str, *part: str | int) -> int:
        return self.of(name)[part]

    def of(self, name: str) -> Counter[Key]:
        return self._parts.get(name, Counter())

    def sum(self, name: str) -> int:
        return self.of(name).total()

    def parts(self, name: str, known: Sequence[str] = ()) -> tuple[Part, ...]:
        """By their first part: the known ones first, in their order, also where they are 0; the others by name."""
        counts: Counter[str] = Counter()
        for (first, *_), count in self.of(name).items():
            counts[str(first)] += count
        others = sorted(counts.keys() - set(known))
        return tuple(Part(each, counts[each]) for each in (*known, *others))


def figures(total: Sum, branch: str | None, terms: Terms, trend: Sequence[Month], until: datetime) -> Figures:
    """The figures of a branch, or (None) of all of them. `trend` names the months of the span's trend, which goes on
    until then."""
    counts = total.counts(branch)
    sheet = _Sheet(counts)
    return Figures(
        branch=branch,
        volumes=_volumes(sheet, *_limits(total, branch, terms)),
        flow=_flow(sheet),
        timeliness=_timeliness(sheet),
        satisfaction=_satisfaction(sheet, terms.survey),
        on_the_spot=share(sheet.count("confirmed", "on_the_spot"), sheet.sum("confirmed")),
        reopened=Reopened(share(sheet.sum("reopened"), sheet.sum("closed")), sheet.parts("reopened")),
        repeats=share(sheet.sum("repeat"), sheet.sum("complaint")),
        escalations=Counted(sheet.sum("escalated"), sheet.parts("escalated", ("deadline", "asked"))),
        notices=sheet.sum("notified"),
        mass_incidents=Incidents(sheet.sum("incident"), sheet.count("incident", "automatic"), sheet.sum("linked")),
        promises=_promises(sheet),
        hand_offs=_hand_offs(sheet),
        late_entries=share(sheet.count("entry", "late"), sheet.count("entry", "all")),
        stays=tuple(_stays(sheet)),
        causes=_causes(sheet),
        scorecard=_scorecard(sheet, terms.scorecard, is_branch=branch not in (None, ALL_BRANCHES)),
        recovery=_recovery(sheet),
        standards=standards_of(sheet.of("standard"), terms.standards, trend),
        satisfaction_index=None if terms.index is None else index_of(sheet.of("indicator"), terms.index),
        recurrence=recurred(total, branch, until),
        discussed=tuple(
            Discussed(each.rule, each.reference, each.case_id, each.branch) for each in chosen(total.notable(branch))
        ),
    )


def _limits(total: Sum, branch: str | None, terms: Terms) -> tuple[Share | None, PerCustomers | None]:
    """Complaints against the quota and per 10,000 customers; of all together, those of branches that have such."""
    names = [name for name in terms.quotas if branch in (None, name)]
    complaints = {name: total.counts(name)["complaint",] for name in names}
    by_volume = {name: volume for name in names if (volume := terms.quotas[name].volume) is not None}
    by_customers = {name: customers for name in names if (customers := terms.quotas[name].customers)}
    quota = share(sum(complaints[name] for name in by_volume), sum(by_volume.values())) if by_volume else None
    if not by_customers:
        return quota, None
    counted, customers = sum(complaints[name] for name in by_customers), sum(by_customers.values())
    rate = Fraction(counted * 10_000, customers)
    cap = None if branch is None else terms.quotas[branch].per_10k_customers
    of_cap = rounded(100 * rate / Fraction(cap)) if cap else None
    return quota, PerCustomers(counted, customers, rounded(rate), cap, of_cap)


def _volumes(sheet: _Sheet, against_quota: Share | None, per_10k_customers: PerCustomers | None) -> Volumes:
    return Volumes(
        records=sheet.sum("received"),
        received=sheet.parts("received", KINDS),
        turned_into_complaints=sum(count for (_, kind), count in sheet.of("reclassified").items() if kind == COMPLAINT),
        complaints=sheet.sum("complaint"),
        against_quota=against_quota,
        per_10k_customers=per_10k_customers,
        types=sheet.parts("type"),
        causes=sheet.parts("cause"),
        channels=sheet.parts("channel"),
        grades=sheet.parts("grade", ("ordinary", "major", "escalated")),
        imported=sheet.sum("imported"),
    )


def _flow(sheet: _Sheet) -> Flow:
    states = sheet.parts("state", tuple(state for state in Status if state is not Status.INCIDENT_CLOSED))
    return Flow(
        opening=sheet.sum("opening"),
        received=sheet.sum("received"),
        reopened=sheet.sum("reopened"),
        closed=sheet.parts("closed", (Status.FOLLOWED_UP, Status.WITHDRAWN, Status.CLOSED_UNSATISFIED, Status.MERGED)),
        closing=sum(part.count for part in states if part.name in OPEN),
        states=states,
    )


def _timeliness(sheet: _Sheet) -> Timeliness:
    clocks = [
        ClockKept(part.name, share(sheet.count("clock", part.name, Verdict.MET), part.count))
        for part in sheet.parts("clock")
    ]
    met = sum(count for (_, verdict), count in sheet.of("clock").items() if verdict == Verdict.MET)
    return Timeliness(share(met, sheet.sum("clock")), tuple(clocks))


def _satisfaction(sheet: _Sheet, survey: Mapping[int, str]) -> Satisfaction:
    answers = tuple(sheet.count("answer", answer) for answer in ANSWERS)
    counts: Counter[str] = Counter()
    for answer, count in zip(ANSWERS, answers, strict=True):
        counts[survey[answer]] += count
    given = sum(answers)
    points = sum(answer * count for answer, count in zip(ANSWERS, answers, strict=True))
    return Satisfaction(
        answers=answers,
        unhappy=counts[UNHAPPY],
        neutral=counts[NEUTRAL],
        delighted=counts[DELIGHTED],
        satisfied=share(counts[DELIGHTED], given),
        unsatisfied=share(counts[UNHAPPY], given),
        mean=rounded(Fraction(points, given)) if given else None,
    )


def _promises(sheet: _Sheet) -> Promises:
    kept, broken = sheet.count("promise", "kept"), sheet.count("promise", "broken")
    return Promises(
        before=sheet.count("promise", "before"),
        made=sheet.count("promise", "made"),
        kept=kept,
        broken=broken,
        dropped=sheet.count("promise", "dropped"),
        open=sheet.count("promise", "open"),
        rate=share(kept, kept + broken),
    )


def _hand_offs(sheet: _Sheet) -> HandOffs:
    accepted, cases = sheet.count("hand_off", "accepted"), sheet.sum("handled")
    per_case = rounded(Fraction(accepted, cases)) if cases else None
    return HandOffs(accepted, sheet.count("hand_off", "refused"), cases, per_case)


def _stays(sheet: _Sheet) -> list[Stay]:
    by_state: dict[str, Counter[int]] = {}
    for (state, microseconds), count in sheet.of("stay").items():
        by_state.setdefault(str(state), Counter())[int(microseconds)] += count
    order = [state for state in Status if state in by_state]
    return [_stay(state, by_state[state]) for state in order]


def _stay(state: str, lengths: Counter[int]) -> Stay:
    count = lengths.total()
    # The mean of the two in the middle, where there are two; p90 is the one at the rank of nine tenths, rounded up.
    middle = Fraction(_ranked(lengths, (count + 1) // 2) + _ranked(lengths, count // 2 + 1), 2)
    p90 = Fraction(_ranked(lengths, -(-count * 9 // 10)))
    return Stay(state, count, rounded(middle / _MICROSECONDS), rounded(p90 / _MICROSECONDS))


def _ranked(lengths: Counter[int], rank: int) -> int:
    """The `rank`-th shortest, from 1."""
    seen = 0
    for length in sorted(lengths):
        seen += lengths[length]
        if seen >= rank:
            return length
    raise AssertionError("there are so many")


def _causes(sheet: _Sheet) -> tuple[CauseRow, ...]:
    complaints = sheet.of("cause")
    measures = sheet.of("countermeasure")
    causes = sorted({str(cause) for cause, *_ in (*complaints, *measures)})
    return tuple(
        CauseRow(
            cause,
            complaints[cause,],
            *(measures[cause, what] for what in ("before", "made", "done", "late", "open")),
        )
        for cause in causes
    )


def _scorecard(sheet: _Sheet, card: Scorecard, *, is_branch: bool) -> ScorecardFigures:
    escalations, incidents = sheet.sum("escalated"), sheet.sum("incident")
    deducted = escalations * card.escalation + incidents * card.mass_incident
    return ScorecardFigures(
        card.start,
        escalations,
        card.escalation,
        incidents,
        card.mass_incident,
        deducted,
        max(card.start - deducted, card.start * 0) if is_branch else None,
    )


def _recovery(sheet: _Sheet) -> Recovery:
    counts = {how: sheet.count("recovery", how) for how in _BUY_AGAIN}
    customers = sum(counts.values())
    expected = Fraction(sum(_BUY_AGAIN[how] * count for how, count in counts.items()))
    return Recovery(
        counts["unresolved"],
        counts["resolved"],
        counts["quickly"],
        sheet.count("recovery", "other_kind"),
        rounded(expected / customers) if customers else None,
        rounded(Fraction(_WITHOUT_COMPLAINT)),
    )
