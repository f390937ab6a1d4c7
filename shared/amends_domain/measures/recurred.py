"""Countermeasures by what followed them, from the sum."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from amends_domain.measures.contribution import Sum
from amends_domain.measures.figures import Recurred
from amends_domain.measures.recurrence import instant_of
from amends_domain.measures.told import RECURRENCE

_MICROSECOND = timedelta(microseconds=1)


def recurred(total: Sum, branch: str | None, until: datetime) -> tuple[Recurred, ...]:
    """Of one branch or of each, in the order in which they were done, those whose 30 days after were over by then.

    Complaints of the very instant count as before: what was done cannot have helped them.
    """
    branches = sorted(total.branches) if branch is None else [branch]
    found = [each for name in branches for each in _of_branch(total, name) if each.done_at + RECURRENCE <= until]
    return tuple(sorted(found, key=lambda each: (each.done_at, each.branch, each.reference, each.number)))


def _of_branch(total: Sum, branch: str) -> list[Recurred]:
    came: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    done: list[tuple[str, int, str, int]] = []
    for key, count in total.counts(branch).items():
        if key[0] == "came":
            came[str(key[1])].append((int(key[2]), count))
        elif key[0] == "done":
            done.append((str(key[1]), int(key[2]), str(key[3]), int(key[4])))
    days = RECURRENCE // _MICROSECOND
    return [
        Recurred(
            branch=branch,
            cause=cause,
            reference=reference,
            number=number,
            done_at=instant_of(at),
            before=sum(count for when, count in came[cause] if at - days <= when <= at),
            after=sum(count for when, count in came[cause] if at < when <= at + days),
        )
        for cause, at, reference, number in done
    ]
