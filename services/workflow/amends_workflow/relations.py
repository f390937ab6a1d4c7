"""The other cases that an answer about a case names: by reference, so that a person can read them out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from amends_domain.case import INCIDENT, Case
from amends_domain.events import FlagsChanged
from amends_domain.reference import reference_of
from amends_store.read import Executor
from amends_workflow.parameters import PastParameters
from amends_workflow.statements import statement

_FIRST_EVENTS = statement("first_events")
_CHILDREN = statement("children")


class Named(NamedTuple):
    """A case as others refer to it. `title` is that of an incident."""

    id: UUID
    reference: str
    title: str | None


class Relations(NamedTuple):
    """The cases that one is related to, by id; and how many belong to it, where it is an incident."""

    named: Mapping[str, Named]
    children: int | None

    def case(self, case_id: str) -> dict[str, Any]:
        """The shape of CaseReference."""
        named = self.named[case_id]
        return {"id": named.id, "reference": named.reference}

    def incident(self, case_id: str) -> dict[str, Any]:
        """The shape of IncidentReference."""
        return self.case(case_id) | {"title": self.named[case_id].title}


async def relations_of(executor: Executor, case: Case, wanted: PastParameters) -> Relations:
    """What the case names, and what belongs to it as it was then (else now)."""
    children: int | None = None
    if case.kind == INCIDENT:
        then = wanted.position, wanted.as_of, wanted.valid_at
        children = await executor.fetchval(_CHILDREN, str(case.id), *then)
    ids = {UUID(other) for other in _others(case)}
    if not ids:
        return Relations({}, children)
    rows = await executor.fetch(_FIRST_EVENTS, list(ids))
    named = {str(row["id"]): Named(row["id"], reference_of(row["position"]), row["title"]) for row in rows}
    return Relations(named, children)


def repeat_of(case: Case) -> str | None:
    """The earlier case that this one repeats, as the log has it."""
    return next((mark.note for mark in reversed(case.marks) if mark.type == FlagsChanged.TYPE and mark.note), None)


def _others(case: Case) -> Iterable[str]:
    one_each = (case.incident, case.merged_into, repeat_of(case))
    return (*(other for other in one_each if other is not None), *case.absorbed, *case.links)
