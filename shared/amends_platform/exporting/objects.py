"""The objects that events are about: cases, incidents, customers, staff, branches and policies, and who is which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from amends_domain.actors import is_system
from amends_domain.case import ALL_BRANCHES, INCIDENT, Case
from amends_domain.reference import reference_of
from amends_platform.exporting.extract import Entry
from amends_platform.exporting.fields import Kind

# Whom a field of an event names by staff id.
STAFF_FIELDS: Final = frozenset(
    {
        "owner",
        "previous_owner",
        "proposed_by",
        "approved_by",
        "rejected_by",
        "requested_by",
        "liable",
        "spoken_by",
        "promised_by",
        "offered_by",
        "to_person",
        "refused_by",
        "complained_of",
    }
)
# Which field of an event is the id of another case, or of an incident.
CASE_FIELDS: Final = frozenset({"into", "case", "from_case", "earlier_case", "incident"})


class ObjectType(StrEnum):
    """What kinds of objects there are."""

    CASE = "case"
    INCIDENT = "incident"
    CUSTOMER = "customer"
    STAFF = "staff"
    BRANCH = "branch"
    POLICY = "policy"


class Relation(NamedTuple):
    """To an object, and as what. Cases and incidents are both told as a case here: their ids tell them apart."""

    type: ObjectType
    name: str
    qualifier: str

    @property
    def object_id(self) -> str:
        return object_id(self.type, self.name)


# The attributes of a case. All but the reference may change with every event.
CASE_ATTRIBUTES: Final[Mapping[str, Kind]] = {
    "reference": Kind.TEXT,
    "state": Kind.TEXT,
    "kind": Kind.TEXT,
    "channel": Kind.TEXT,
    "type": Kind.TEXT,
    "cause": Kind.TEXT,
    "product": Kind.TEXT,
    "severity": Kind.TEXT,
    "branch": Kind.TEXT,
    "owner": Kind.TEXT,
    "grade": Kind.TEXT,
    "flags": Kind.LIST,
    "external_ref": Kind.TEXT,
    "historical": Kind.TRUTH,
    "cycle": Kind.WHOLE,
    "hand_offs": Kind.WHOLE,
    "escalations": Kind.WHOLE,
}


def case_attributes(case: Case) -> dict[str, Any]:
    """The values of the attributes above; None where one is not known."""
    values = case.__dict__ | {"reference": reference_of(case.first_position), "state": case.status.value}
    return {name: values[name] for name in CASE_ATTRIBUTES}


def type_of_case(case: Case) -> ObjectType:
    """An incident is told apart from the cases that belong to it."""
    return ObjectType.INCIDENT if case.kind == INCIDENT else ObjectType.CASE


def object_id(type_: ObjectType, name: str) -> str:
    """Unique among all objects: cases and incidents by their own ids, the others by type and name."""
    return name if type_ in (ObjectType.CASE, ObjectType.INCIDENT) else f"{type_.value}:{name}"


def relations_of_event(entry: Entry, data: Mapping[str, Any]) -> Iterator[Relation]:
    """What an event is about: its case and what that belongs to, who entered it, and whom its fields name."""
    event, begun = entry.event, entry.begun
    yield Relation(ObjectType.CASE, str(event.stream_id), "case")
    if begun.customer_ref is not None:
        yield Relation(ObjectType.CUSTOMER, begun.customer_ref, "customer")
    yield from _branch(begun.branch, "branch")
    if event.policy_hash is not None:
        yield Relation(ObjectType.POLICY, event.policy_hash.hex(), "judged by")
    yield from _staff(event.actor, "entered by")
    for name, value in data.items():
        qualifier = name.replace("_", " ")
        if name in CASE_FIELDS:
            yield Relation(ObjectType.CASE, value, qualifier)
        elif name in STAFF_FIELDS:
            for person in [value] if isinstance(value, str) else value:
                yield from _staff(person, qualifier)


def relations_of_case(case: Case) -> Iterator[Relation]:
    """What a case belongs to, at last."""
    if case.kind != INCIDENT:
        yield Relation(ObjectType.CUSTOMER, case.customer_ref, "complaint of")
    yield from _branch(case.branch, "at branch")
    yield from _staff(case.owner, "owned by")
    if case.incident is not None:
        yield Relation(ObjectType.CASE, case.incident, "belongs to")
    if case.merged_into is not None:
        yield Relation(ObjectType.CASE, case.merged_into, "merged into")
    for linked in case.links:
        yield Relation(ObjectType.CASE, linked, "linked to")


def _branch(branch: str, qualifier: str) -> Iterator[Relation]:
    if branch != ALL_BRANCHES:
        yield Relation(ObjectType.BRANCH, branch, qualifier)


def _staff(person: str, qualifier: str) -> Iterator[Relation]:
    # Nobody works for the system: what it wrote itself names no staff.
    if person and not is_system(person):
        yield Relation(ObjectType.STAFF, person, qualifier)
