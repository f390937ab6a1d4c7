"""Cases that belong together: merged, linked, or of one mass incident."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from amends_domain.commands import Link, Merge, OpenIncident
from amends_intake.bodies.base import Body, Name, PairBody, Text


class MergeBody(PairBody):
    NAME: ClassVar[str] = Merge.NAME
    into: Name = Field(description="the id or reference of the case that goes on: the same customer's, and older")
    reason: Text

    @property
    def other(self) -> str:
        return self.into

    def command_with(self, other: UUID) -> Merge:
        return Merge(other, self.reason)


class LinkBody(PairBody):
    """`relation` says what the other case has to do with this one. With an incident, this case belongs to it."""

    NAME: ClassVar[str] = Link.NAME
    case: Name = Field(description="the id or reference of the other case, or of an incident")
    relation: Literal["same-matter", "same-customer", "follows", "related"] = "related"

    @property
    def other(self) -> str:
        return self.case

    def command_with(self, other: UUID) -> Link:
        return Link(other, self.relation)


class IncidentBody(Body):
    """Complaints whose `same` is `value` belong to the incident while it is open."""

    title: Name = Field(description="clear text that outlives every erasure: it names nobody")
    same: Literal["cause", "type", "product", "branch"]
    value: Name
    branch: Name | None = Field(None, description="whose incident it is; all branches' when it is left out")

    def command(self) -> OpenIncident:
        return OpenIncident(self.title, self.same, self.value, self.branch)
