"""OCEL 2.0 in JSON: the events in the order of the log, then every object that they are about.

Source: OCEL (Object-Centric Event Log) Specification 2.0, section 6, the JSON format. An object's attributes carry
the time from which they have held; a case's never go back, for an entry made late changes what is known from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from amends_domain.event_codec import EVENT_TYPES
from amends_platform.exporting.cases import Step, lives
from amends_platform.exporting.counting import Counted, OnProgress, Out
from amends_platform.exporting.extract import Entry, Extract
from amends_platform.exporting.fields import Kind, kinds_of, plain
from amends_platform.exporting.objects import (
    CASE_ATTRIBUTES,
    ObjectType,
    Relation,
    case_attributes,
    object_id,
    relations_of_case,
    relations_of_event,
    type_of_case,
)

_Json = dict[str, Any]

# What every event says besides its own fields; no field is called so.
_OF_EVERY_EVENT: Final = {
    "log_position": Kind.WHOLE,
    "case_version": Kind.WHOLE,
    "recorded_at": Kind.TIME,
    "actor": Kind.TEXT,
}
_OCEL_TYPES: Final = {
    Kind.TEXT: "string",
    Kind.WHOLE: "integer",
    Kind.TRUTH: "boolean",
    Kind.TIME: "time",
    Kind.LIST: "string",
    Kind.OBJECT: "string",
}
_OBJECT_ATTRIBUTES: Final = {
    ObjectType.CASE: CASE_ATTRIBUTES,
    ObjectType.INCIDENT: CASE_ATTRIBUTES,
    ObjectType.CUSTOMER: {"ref": Kind.TEXT},
    ObjectType.STAFF: {"id": Kind.TEXT},
    ObjectType.BRANCH: {"name": Kind.TEXT},
    ObjectType.POLICY: {"name": Kind.TEXT, "version": Kind.WHOLE, "hash": Kind.TEXT},
}


# Source: the specification's own examples: what an object has been from the beginning holds since this.
_ALWAYS: Final = "1970-01-01T00:00:00Z"


async def write_ocel(extract: Extract, out: Out, on_progress: OnProgress) -> Counted:
    """Write the document. Raises UnknownEventType, BrokenStream, CannotUnseal.

    What is kept in memory meanwhile are the names of the staff, branches and policies, and one case.
    """
    names = _Names()
    out.write(b'{"objectTypes":' + orjson.dumps(_object_types()))
    out.write(b',"eventTypes":' + orjson.dumps(_event_types(personal=extract.personal)))
    out.write(b',"events":[')
    events = _Items(out)
    async for entries in extract.in_order():
        for item in await _events(extract, entries, names):
            events.write(item)
        on_progress("events", events.count, extract.scope.events_max)
    out.write(b'],"objects":[')
    objects = _Items(out)
    async for life in lives(extract, lambda told: on_progress("objects", told, extract.scope.until)):
        objects.write(await _case(extract, life, names))
    cases = objects.count
    async for customers in extract.customers():
        for ref in customers:
            objects.write(_object(ObjectType.CUSTOMER, ref, {"ref": ref}))
    for item in names.objects(await extract.policies()):
        objects.write(item)
    out.write(b"]}\n")
    return Counted(events.count, cases, objects.count)


class _Items:
    """The items of a JSON list that is being written, one a line."""

    def __init__(self, out: Out) -> None:
        self.count = 0
        self._out = out

    def write(self, item: _Json) -> None:
        self._out.write((b",\n" if self.count else b"\n") + orjson.dumps(item, option=orjson.OPT_UTC_Z))
        self.count += 1


class _Names:
    """Staff, branches and policies that something refers to: there are so few that they are remembered."""

    def __init__(self) -> None:
        self._names: dict[ObjectType, set[str]] = {
            ObjectType.STAFF: set(),
            ObjectType.BRANCH: set(),
            ObjectType.POLICY: set(),
        }

    def see(self, relation: Relation) -> None:
        names = self._names.get(relation.type)
        if names is not None:
            names.add(relation.name)

    def objects(self, policies: Mapping[str, tuple[str, int]]) -> Iterator[_Json]:
        for person in sorted(self._names[ObjectType.STAFF]):
            yield _object(ObjectType.STAFF, person, {"id": person})
        for branch in sorted(self._names[ObjectType.BRANCH]):
            yield _object(ObjectType.BRANCH, branch, {"name": branch})
        for policy_hash in sorted(self._names[ObjectType.POLICY]):
            known = policies.get(policy_hash)
            named = {} if known is None else {"name": known[0], "version": known[1]}
            yield _object(ObjectType.POLICY, policy_hash, {**named, "hash": policy_hash})


def _object_types() -> list[_Json]:
    return [_declared(type_.value, attributes) for type_, attributes in _OBJECT_ATTRIBUTES.items()]


def _event_types(*, personal: bool) -> list[_Json]:
    return [_declared(name, _attributes_of(name, personal=personal)) for name in sorted(EVENT_TYPES)]


def _attributes_of(event_type: str, *, personal: bool) -> dict[str, Kind]:
    return {**_OF_EVERY_EVENT, **kinds_of(event_type, personal=personal)}


def _declared(name: str, attributes: Mapping[str, Kind]) -> _Json:
    return {
        "name": name,
        "attributes": [{"name": each, "type": _OCEL_TYPES[kind]} for each, kind in attributes.items()],
    }


async def _events(extract: Extract, entries: Sequence[Entry], names: _Names) -> list[_Json]:
    told = []
    for entry in entries:
        data = entry.data(personal=extract.personal)
        told.append((entry, data, list(relations_of_event(entry, data))))
    missing = await _missing(extract, (relation for _, _, relations in told for relation in relations))
    return [
        _event(
            entry,
            plain(data, kinds_of(entry.event.type, personal=extract.personal)),
            _relationships(relations, missing, names),
        )
        for entry, data, relations in told
    ]


def _event(entry: Entry, data: Mapping[str, Any], relationships: list[_Json]) -> _Json:
    event = entry.event
    attributes = {
        "log_position": event.position,
        "case_version": event.version,
        "recorded_at": event.recorded_at,
        "actor": event.actor,
        **data,
    }
    return {
        "id": str(event.id),
        "type": event.type,
        "time": event.occurred_at,
        "attributes": [{"name": name, "value": value} for name, value in attributes.items()],
        "relationships": relationships,
    }


async def _case(extract: Extract, life: Sequence[Step], names: _Names) -> _Json:
    case = life[-1].case
    relations = list(relations_of_case(case))
    missing = await _missing(extract, relations)
    return {
        "id": str(case.id),
        "type": type_of_case(case).value,
        "attributes": list(_changes(life)),
        "relationships": _relationships(relations, missing, names),
    }


def _changes(life: Iterable[Step]) -> Iterator[_Json]:
    """Every value that an attribute of the case ever had, with the time from which it had it: one at a time."""
    known: dict[str, str | int | bool] = {}
    # What has changed at `since`. Two events may share it: all that is due fires at once, and late entries come after.
    changed: dict[str, str | int | bool] = {}
    since: datetime | None = None
    for entry, case, _ in life:
        occurred_at = entry.event.occurred_at
        if since is not None and occurred_at > since:
            yield from _told(changed, since)
            changed = {}
        since = occurred_at if since is None else max(since, occurred_at)
        now = plain(case_attributes(case), CASE_ATTRIBUTES)
        # There is no value for none: the last flag taken away leaves an empty text.
        for name, value in (dict.fromkeys(known, "") | now).items():
            if value != known.get(name):
                known[name] = changed[name] = value
    if since is not None:
        yield from _told(changed, since)


def _told(values: Mapping[str, str | int | bool], since: datetime) -> Iterator[_Json]:
    return ({"name": name, "value": value, "time": since} for name, value in values.items())


def _object(type_: ObjectType, name: str, attributes: Mapping[str, Any]) -> _Json:
    return {
        "id": object_id(type_, name),
        "type": type_.value,
        "attributes": [{"name": each, "value": value, "time": _ALWAYS} for each, value in attributes.items()],
        "relationships": [],
    }


def _relationships(relations: Iterable[Relation], missing: Set[str], names: _Names) -> list[_Json]:
    """The relations to objects that this export has, each once."""
    kept = dict.fromkeys(relation for relation in relations if relation.name not in missing)
    for relation in kept:
        names.see(relation)
    return [{"objectId": relation.object_id, "qualifier": relation.qualifier} for relation in kept]


async def _missing(extract: Extract, relations: Iterable[Relation]) -> Set[str]:
    """The cases among these that have no event in scope: an export of a part does not hold them."""
    if extract.scope.after == 0:
        return frozenset()
    cases = {relation.name for relation in relations if relation.type is ObjectType.CASE}
    touched = await extract.touched(UUID(case) for case in cases)
    return cases - {str(case_id) for case_id in touched}
