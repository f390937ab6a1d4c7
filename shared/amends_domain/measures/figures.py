"""The figures of a month for one branch, or for all: frozen values, each with what it was counted from.

A rate is a `Share`: how many of how many, and per cent with two places, halves away from zero. Where there is nothing
to count from, per cent is None and not zero. Durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import floor
from uuid import UUID

_HALF = Fraction(1, 2)


def rounded(value: Fraction) -> Decimal:
    """With two places, halves away from zero."""
    hundredths = floor(abs(value) * 100 + _HALF)
    return Decimal(hundredths if value >= 0 else -hundredths).scaleb(-2)


@dataclass(frozen=True)
class Share:
    """`part` of `whole`, and that per cent; None where the whole is 0. A part may be more than its whole."""

    part: int
    whole: int
    percent: Decimal | None


def share(part: int, whole: int) -> Share:
    return Share(part, whole, rounded(Fraction(100 * part, whole)) if whole else None)


@dataclass(frozen=True)
class Part:
    """One of several parts that make a whole. `name` is empty where nobody has told."""

    name: str
    count: int


@dataclass(frozen=True)
class PerCustomers:
    """Complaints per 10,000 customers, and the cap that the policy sets, if it does. `of_cap` is per cent."""

    complaints: int
    customers: int
    rate: Decimal
    cap: Decimal | None
    of_cap: Decimal | None


@dataclass(frozen=True)
class Volumes:
    """What came. `received` are records by kind; `complaints` those received as one, and those that became one."""

    records: int
    received: tuple[Part, ...]
    turned_into_complaints: int
    complaints: int
    against_quota: Share | None
    per_10k_customers: PerCustomers | None
    types: tuple[Part, ...]
    causes: tuple[Part, ...]
    channels: tuple[Part, ...]
    grades: tuple[Part, ...]
    imported: int


@dataclass(frozen=True)
class Flow:
    """Open records: at the beginning, those that came and went, at the cut. `states` are of all records ever."""

    opening: int
    received: int
    reopened: int
    closed: tuple[Part, ...]
    closing: int
    states: tuple[Part, ...]


@dataclass(frozen=True)
class ClockKept:
    """How many deadlines of one clock were met, of those that were met or breached."""

    clock: str
    kept: Share


@dataclass(frozen=True)
class Timeliness:
    """Over all clocks of the organisation, and for each."""

    kept: Share
    clocks: tuple[ClockKept, ...]


@dataclass(frozen=True)
class Satisfaction:
    """`answers`: how many gave each of 1 to 10. `satisfied` is the rate: the delighted of all that answered."""

    answers: tuple[int, ...]
    unhappy: int
    neutral: int
    delighted: int
    satisfied: Share
    unsatisfied: Share
    mean: Decimal | None


@dataclass(frozen=True)
class Counted:
    """A number of events, and by what they differ."""

    count: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Reopened:
    """Reopenings, by reason, and how many there were for each closing of the month."""

    rate: Share
    reasons: tuple[Part, ...]


@dataclass(frozen=True)
class Incidents:
    """Mass incidents opened, by the policy or by a person, and cases found to belong to one."""

    opened: int
    automatic: int
    linked_cases: int


@dataclass(frozen=True)
class Promises:
    """Promises at the beginning, made, and what became of them. `rate` is kept of kept and broken."""

    before: int
    made: int
    kept: int
    broken: int
    dropped: int
    open: int
    rate: Share


@dataclass(frozen=True)
class HandOffs:
    """Hand-offs accepted and refused; `per_case` is accepted ones for each record open at some time in the month."""

    accepted: int
    refused: int
    cases: int
    per_case: Decimal | None


@dataclass(frozen=True)
class Stay:
    """How long complaints were in a state, of the stays that ended in the month. p90: nine in ten were no longer."""

    state: str
    count: int
    median_seconds: Decimal
    p90_seconds: Decimal


@dataclass(frozen=True)
class CauseRow:
    """A cause: complaints of the month, and its countermeasures: open before, planned, done, found late, open after."""

    cause: str
    complaints: int
    before: int
    planned: int
    done: int
    late: int
    open: int


@dataclass(frozen=True)
class ScorecardFigures:
    """Points: `start` less what each escalation and each mass incident deducts; never below 0. A score is a branch's:
    of all together, and of the incidents of all branches, it is None."""

    start: Decimal
    escalations: int
    per_escalation: Decimal
    mass_incidents: int
    per_mass_incident: Decimal
    deducted: Decimal
    score: Decimal | None


@dataclass(frozen=True)
class Recovery:
    """Customers whose complaints were closed, by how, and how many per cent of them are expected to buy again.

    `other_kinds` are records closed that were no complaints, and count for nothing here.
    Of customers who did not complain 9 % bought again; complained and unresolved 19 %, resolved 54 %, quickly 82 %.
    """

    unresolved: int
    resolved: int
    resolved_quickly: int
    other_kinds: int
    expected_percent: Decimal | None
    without_complaint_percent: Decimal


@dataclass(frozen=True)
class TrendPoint:
    """A standard's result in a month. `percent` and `mean_seconds` are None where nothing was measured."""

    month: str
    good: int
    measured: int
    percent: Decimal | None
    mean_seconds: Decimal | None


@dataclass(frozen=True)
class StandardFigures:
    """A service standard against its target. The last of `trend` is this month. `is_kept` None: nothing measured."""

    name: str
    titles: dict[str, str]
    kind: str
    target: Decimal
    is_kept: bool | None
    trend: tuple[TrendPoint, ...]

    @property
    def now(self) -> TrendPoint:
        return self.trend[-1]


@dataclass(frozen=True)
class IndexFigures:
    """A part of the satisfaction index: the weighted mean of its parts that were answered, or of the answers.

    `pulls_down`: by how much of the whole index it is the lower for being below the index itself; 0 where it is not.
    """

    name: str
    titles: dict[str, str]
    weight: Decimal
    answers: int
    value: Decimal | None
    pulls_down: Decimal
    parts: tuple[IndexFigures, ...]


@dataclass(frozen=True)
class Discussed:
    """A case worth discussing and the rule that chose it."""

    rule: str
    reference: str
    case_id: UUID
    branch: str


@dataclass(frozen=True)
class Recurred:
    """A countermeasure, and the complaints of its cause at its branch in the 30 days before and after it was done."""

    branch: str
    cause: str
    reference: str
    number: int
    done_at: datetime
    before: int
    after: int


@dataclass(frozen=True)
class Figures:
    """Every figure of one branch (`*`: mass incidents of all branches), or (None) of all together."""

    branch: str | None
    volumes: Volumes
    flow: Flow
    timeliness: Timeliness
    satisfaction: Satisfaction
    on_the_spot: Share
    reopened: Reopened
    repeats: Share
    escalations: Counted
    notices: int
    mass_incidents: Incidents
    promises: Promises
    hand_offs: HandOffs
    late_entries: Share
    stays: tuple[Stay, ...]
    causes: tuple[CauseRow, ...]
    scorecard: ScorecardFigures
    recovery: Recovery
    standards: tuple[StandardFigures, ...]
    satisfaction_index: IndexFigures | None
    recurrence: tuple[Recurred, ...]
    discussed: tuple[Discussed, ...]
