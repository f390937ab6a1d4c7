"""When so many complaints have one root that they are a mass incident, which then opens itself.

An incident that opens itself is a timer like any other, for a case that does not exist yet. Its id follows from the
event that made the number full: whoever works it out, and however often, means the same incident.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID, uuid5

import orjson

from amends_domain.case import ALL_BRANCHES
from amends_domain.events import IncidentOpened
from amends_domain.policy import Policy

# What such a timer is called.
MASS: Final = "mass"
# Who answers for an incident that nobody opened. Source: DOMAIN, People: the ladder.
_OWNER: Final = "department_manager"
_INCIDENTS: Final = UUID("6f1d9d1c-6a53-5e0b-9f0e-0d3b6f2f7c55")


class Free(NamedTuple):
    """A complaint that belongs to no incident. `key` names what it would share with others; `position` is that of the
    event by which this became known; `enough` of them received from `since` to `received_at` are an incident.
    """

    key: str
    position: int
    enough: int
    received_at: datetime
    since: datetime
    until: datetime


class Opening(NamedTuple):
    """An incident that opens itself: the event at `position` made the number full; the last complaint of those
    counted was received at `at`."""

    key: str
    position: int
    at: datetime


def incident_id(key: str, position: int) -> UUID:
    """The incident that opens itself when the event at `position` makes the number of complaints with `key` full."""
    return uuid5(_INCIDENTS, f"{position}:{key}")


def opened_by_itself(opening: Opening, policy: Policy) -> IncidentOpened:
    """The event of an incident that opens itself, by the policy that its complaints were received under."""
    rule = policy.mass
    assert rule is not None, "only a policy with that rule counts complaints"
    _, same, value = orjson.loads(opening.key)
    return IncidentOpened(
        title=f"{rule.count} complaints with {same} {value} within {rule.within}",
        same=same,
        value=value,
        branch=ALL_BRANCHES,
        owner=_OWNER,
        automatic=True,
    )


def openings(free: Iterable[Free]) -> Iterator[Opening]:
    """The incidents that these complaints call for.

    They are looked at in the order in which they became known, so that what comes later never changes which event
    made a number full.
    """
    by_key: defaultdict[str, list[Free]] = defaultdict(list)
    for complaint in free:
        by_key[complaint.key].append(complaint)
    for complaints in by_key.values():
        yield from _of_one_key(sorted(complaints, key=lambda each: each.position))


def _of_one_key(complaints: list[Free]) -> Iterator[Opening]:
    opened: list[Free] = []
    known: list[tuple[datetime, int, Free]] = []
    for complaint in complaints:
        if any(last.since <= complaint.received_at <= last.until for last in opened):
            continue
        entry = (complaint.received_at, complaint.position, complaint)
        insort(known, entry)
        last = _last_of_full(known, bisect_left(known, entry))
        if last is not None:
            opened.append(last)
            known = [each for each in known if not last.since <= each[0] <= last.until]
            yield Opening(complaint.key, complaint.position, last.received_at)


def _last_of_full(known: list[tuple[datetime, int, Free]], index: int) -> Free | None:
    """The complaint up to which there are enough within the time, the one at `index` among them."""
    enough = known[index][2].enough
    for end in range(index, min(index + enough, len(known))):
        last = known[end][2]
        first = bisect_left(known, (last.since,), key=lambda each: each[:1])
        if first <= index and end - first + 1 >= enough:
            return last
    return None
