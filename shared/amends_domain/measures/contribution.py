"""What one case adds to a month, and the sum of that over cases, in any order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple
from uuid import UUID

from amends_domain.measures.answers import on_the_spot, recovery, repeats, satisfaction
from amends_domain.measures.deadlines import countermeasures, promises, timeliness
from amends_domain.measures.discussed import Notable, best, notable
from amends_domain.measures.flow import flow, incidents, logged
from amends_domain.measures.recurrence import recurrence
from amends_domain.measures.standards import standards
from amends_domain.measures.told import Key, Span, Told
from amends_domain.measures.trouble import entries, escalations, hand_offs
from amends_domain.measures.volumes import volumes

_SUBJECTS: Final = (
    volumes,
    flow,
    incidents,
    logged,
    timeliness,
    promises,
    countermeasures,
    satisfaction,
    on_the_spot,
    repeats,
    recovery,
    escalations,
    hand_offs,
    entries,
    standards,
    recurrence,
)


class Contribution(NamedTuple):
    """What a case of a branch adds."""

    branch: str
    counts: Mapping[Key, int]
    notable: tuple[Notable, ...]


def contribution(told: Told, span: Span) -> Contribution:
    """What a case adds to the month. Raises UnknownPolicy."""
    counts: Counter[Key] = Counter()
    for subject in _SUBJECTS:
        for key, count in subject(told, span):
            counts[key] += count
    return Contribution(told.case.branch, counts, tuple(notable(told, span)))


class Sum:
    """Contributions added up: of each branch, and of all, which is counted by itself so that both can be compared."""

    def __init__(self) -> None:
        self.total: Counter[Key] = Counter()
        self.branches: defaultdict[str, Counter[Key]] = defaultdict(Counter)
        self._notable: dict[str, dict[str, list[Notable]]] = {}

    def add(self, one: Contribution) -> None:
        self._move(one, 1)
        if one.notable:
            kept = self._notable.get(one.branch, {})
            self._notable[one.branch] = best([*one.notable, *(each for some in kept.values() for each in some)])

    def notable(self, branch: str | None) -> dict[str, list[Notable]]:
        """By rule the cases that a branch, or (None) all of them, may be discussed by."""
        if branch is not None:
            return self._notable.get(branch, {})
        return best(each for kept in self._notable.values() for some in kept.values() for each in some)

    def counts(self, branch: str | None) -> Counter[Key]:
        return self.total if branch is None else self.branches.get(branch, Counter())

    def _move(self, one: Contribution, sign: int) -> None:
        for counts in (self.total, self.branches[one.branch]):
            for key, count in one.counts.items():
                counts[key] += sign * count
                if not counts[key]:
                    del counts[key]


class RunningSum(Sum):
    """A sum of which contributions can be taken back, because their cases have moved on.

    It keeps every case that may be worth discussing: of the best alone, none could be given up.
    """

    def __init__(self) -> None:
        super().__init__()
        self._all: dict[str, dict[UUID, tuple[Notable, ...]]] = {}

    def add(self, one: Contribution) -> None:
        self._move(one, 1)
        if one.notable:
            self._all.setdefault(one.branch, {})[one.notable[0].case_id] = one.notable

    def take_back(self, one: Contribution) -> None:
        """Undo an `add`."""
        self._move(one, -1)
        if one.notable:
            self._all[one.branch].pop(one.notable[0].case_id, None)

    def notable(self, branch: str | None) -> dict[str, list[Notable]]:
        kept = self._all.values() if branch is None else [self._all.get(branch, {})]
        return best(each for cases in kept for some in cases.values() for each in some)
