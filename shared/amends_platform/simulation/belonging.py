"""What the log owes of cases that belong together, as the workflow finds it by sets: repeats, and mass incidents.

Whenever a case changes it looks at those that share a key with it, and were received around the same time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from amends_domain.case import COMPLAINT, INCIDENT, Case, Status
from amends_domain.events import Event, LinkedToIncident
from amends_domain.policy import Policy
from amends_platform.matching import matching_row, owed_links, policy_of
from amends_platform.openings import Free, Opening, incident_id, opened_by_itself, openings

_EVER: Final = "infinity"


class Found(NamedTuple):
    """An incident that opens itself, and since when it is one. `full_by` is the case that made the number full."""

    incident_id: UUID
    at: datetime
    event: Event
    full_by: UUID


class _Entry:
    """A case and what it is found by. `since` and `until` never change but for an incident that gathers on."""

    def __init__(self, case: Case, row: Mapping[str, Any]) -> None:
        self.case = case
        self.repeat_key: str | None = row["repeat_key"]
        self.mass_key: str | None = row["mass_key"]
        self.mass_keys: list[str] = row["mass_keys"] or []
        self.mass_count: int | None = row["mass_count"]
        self.mass_position: int | None = row["mass_position"]
        self.repeat_since: datetime | None = row["repeat_since"]
        self.mass_since: datetime | None = row["mass_since"]
        self.mass_until: Any = row["mass_until"]
        self.repeat_of: UUID | None = None
        self.owed_incident: UUID | None = None

    @property
    def reach(self) -> tuple[datetime, datetime] | None:
        """Wide enough for every window of time that touches this complaint's; None where it has none."""
        if self.mass_key is None or self.mass_since is None:
            return None
        wide: timedelta = self.mass_until - self.mass_since
        return self.mass_since - wide, self.mass_until + wide


class _Line:
    """Cases in the order in which they were received. Instants never change, so what is once in it stays."""

    def __init__(self) -> None:
        self._ordered: list[tuple[datetime, UUID]] = []
        self._held: set[UUID] = set()

    def add(self, case: Case) -> None:
        if case.id not in self._held:
            self._held.add(case.id)
            insort(self._ordered, (case.received_at, case.id))

    def between(self, since: datetime, until: datetime | None) -> list[UUID]:
        """Those received from `since` to `until` (None: now), both included."""
        first = bisect_left(self._ordered, since, key=_received_at)
        last = None if until is None else bisect_right(self._ordered, until, key=_received_at)
        return [case_id for _, case_id in self._ordered[first:last]]


def _received_at(held: tuple[datetime, UUID]) -> datetime:
    return held[0]


class Belonging:
    """Told of each case whenever it changes; answers which others owe something else now, and what each owes."""

    def __init__(self, tenant: str, policies: Mapping[str, Policy]) -> None:
        self._tenant = tenant
        self._policies = policies
        self._entries: dict[UUID, _Entry] = {}
        self._of_customer: defaultdict[str, set[UUID]] = defaultdict(set)
        self._of_mass: defaultdict[str, _Line] = defaultdict(_Line)
        self._incidents_of: defaultdict[str, list[UUID]] = defaultdict(list)
        # Complaints that have moved since incidents were last looked for.
        self._moved: list[_Entry] = []

    def changed(self, case: Case) -> set[UUID]:
        """Take the case as it is now. Answers the cases, this one perhaps among them, that owe something else."""
        before = self._entries.get(case.id)
        row = matching_row(case, self._tenant, self._policies, is_new=before is None)
        entry = _Entry(case, row)
        if before is not None:
            entry.repeat_since, entry.mass_since, entry.mass_until = (
                before.repeat_since,
                before.mass_since,
                before.mass_until,
            )
            entry.repeat_of, entry.owed_incident = before.repeat_of, before.owed_incident
        self._entries[case.id] = entry
        found: set[UUID] = set()
        if before is None or before.repeat_key != entry.repeat_key:
            self._of_customer[case.customer_ref].add(case.id)
            found |= set(self._repeats(case.customer_ref))
        if before is None or _has_moved(before, entry):
            found |= set(self._looked_at(before, entry))
        return found

    def owed(self, case: Case) -> list[tuple[str, datetime, Event]]:
        """What the log has yet to say of the case, as `matching.owed_links` tells it."""
        entry = self._entries[case.id]
        incident = None if entry.owed_incident is None else self._entries[entry.owed_incident].case
        return owed_links(
            case, entry.repeat_of, entry.owed_incident, None if incident is None else incident.recorded_at
        )

    def opening(self) -> Iterator[Found]:
        """The incidents that are to open themselves because of what was changed last."""
        moved: defaultdict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for entry in self._moved:
            if entry.mass_key is not None and entry.reach is not None:
                moved[entry.mass_key].append(entry.reach)
        self._moved.clear()
        for key, reaches in sorted(moved.items()):
            since, until = min(first for first, _ in reaches), max(last for _, last in reaches)
            entries = [each for each in self._between(key, since, until) if each.mass_key == key]
            for opening in openings(_free(each) for each in entries if _is_free(each)):
                if incident_id(key, opening.position) not in self._entries:
                    yield self._found(opening, entries)

    def incident_with(self, value: str) -> Case | None:
        """The open incident whose complaints have this cause (or what else it gathers by)."""
        for key in self._incidents_of:
            for entry in self._open_incidents(key):
                of = entry.case.incident_of
                if of is not None and of.value == value:
                    return entry.case
        return None

    def cases_of(self, incident: UUID) -> list[Case]:
        """The cases that belong to the incident, in the order in which they came to."""
        children = [each.case for each in self._entries.values() if each.case.incident == str(incident)]
        return sorted(children, key=_linked_at)

    def _repeats(self, customer_ref: str) -> Iterator[UUID]:
        entries = [self._entries[each] for each in self._of_customer[customer_ref]]
        for entry in entries:
            earlier = [each for each in entries if _is_repeated(entry, each)]
            last = max(earlier, key=lambda each: (each.case.received_at, each.case.first_position), default=None)
            repeat_of = None if last is None else last.case.id
            if repeat_of != entry.repeat_of:
                entry.repeat_of = repeat_of
                yield entry.case.id

    def _looked_at(self, before: _Entry | None, entry: _Entry) -> Iterator[UUID]:
        """File the case where others find it; the cases that belong to another incident now."""
        case, key = entry.case, entry.mass_key
        if key is not None and case.kind == INCIDENT:
            if before is None:
                self._incidents_of[key].append(case.id)
            yield from self._claimed(entry)
            return
        if key is not None:
            self._of_mass[key].add(case)
        self._moved.append(entry)
        if before is not None and before.case.incident is None and case.incident is not None:
            yield from self._claimed(self._gather_on(entry))
        yield from self._owing(entry)

    def _claimed(self, incident: _Entry) -> Iterator[UUID]:
        """Those whom this incident may gather, where it is another now that does."""
        assert incident.mass_key is not None
        assert incident.mass_since is not None
        until = None if incident.mass_until == _EVER else incident.mass_until
        for entry in self._between(incident.mass_key, incident.mass_since, until):
            yield from self._owing(entry)

    def _owing(self, entry: _Entry) -> Iterator[UUID]:
        open_ones = [] if entry.mass_key is None else self._open_incidents(entry.mass_key)
        gathering = next((each.case.id for each in open_ones if _gathers(each, entry)), None)
        if gathering != entry.owed_incident:
            entry.owed_incident = gathering
            self._moved.append(entry)
            yield entry.case.id

    def _open_incidents(self, key: str) -> list[_Entry]:
        """The first opened first."""
        found = [self._entries[each] for each in self._incidents_of[key]]
        return sorted(
            (each for each in found if each.case.status is Status.RECEIVED), key=lambda each: each.case.first_position
        )

    def _between(self, key: str, since: datetime, until: datetime | None) -> list[_Entry]:
        return [self._entries[each] for each in self._of_mass[key].between(since, until)]

    def _gather_on(self, joined: _Entry) -> _Entry:
        """An automatic incident goes on gathering for as long after each case that joins it; the incident."""
        incident = self._entries[UUID(joined.case.incident)]
        if incident.mass_until != _EVER and joined.mass_until is not None:
            incident.mass_until = max(incident.mass_until, joined.mass_until)
        return incident

    def _found(self, opening: Opening, entries: list[_Entry]) -> Found:
        full_by = next(each for each in entries if each.mass_position == opening.position)
        policy = policy_of(full_by.case, self._policies)
        assert policy is not None, "only a case with a policy is counted"
        return Found(
            incident_id(opening.key, opening.position), opening.at, opened_by_itself(opening, policy), full_by.case.id
        )


def _has_moved(before: _Entry, entry: _Entry) -> bool:
    return (before.mass_key, before.mass_position, before.case.incident, before.case.status is Status.RECEIVED) != (
        entry.mass_key,
        entry.mass_position,
        entry.case.incident,
        entry.case.status is Status.RECEIVED,
    )


def _is_repeated(entry: _Entry, by: _Entry) -> bool:
    if entry.repeat_key is None or by.repeat_key != entry.repeat_key or entry.repeat_since is None:
        return False
    is_before = by.case.first_position < entry.case.first_position
    return is_before and entry.repeat_since <= by.case.received_at <= entry.case.received_at


def _gathers(incident: _Entry, entry: _Entry) -> bool:
    if entry.case.incident is not None or entry.case.kind != COMPLAINT or incident.mass_key != entry.mass_key:
        return False
    assert incident.mass_since is not None, "an incident gathers from some time on"
    return bool(incident.mass_since <= entry.case.received_at <= incident.mass_until)


def _is_free(entry: _Entry) -> bool:
    is_counted = entry.case.kind == COMPLAINT and entry.mass_position is not None
    return is_counted and entry.case.incident is None and entry.owed_incident is None


def _free(entry: _Entry) -> Free:
    assert entry.mass_key is not None
    assert entry.mass_count is not None
    assert entry.mass_position is not None
    assert entry.mass_since is not None
    return Free(
        entry.mass_key,
        entry.mass_position,
        entry.mass_count,
        entry.case.received_at,
        entry.mass_since,
        entry.mass_until,
    )


def _linked_at(case: Case) -> int:
    return next(mark.position for mark in case.marks if mark.type == LinkedToIncident.TYPE)
