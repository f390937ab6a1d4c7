"""Who is answerable for the case, and who is told of it."""

from __future__ import annotations

from pydantic import Field, model_validator

from amends_domain.commands import AcceptHandOff, Assign, Escalate, HandOver, RefuseHandOff
from amends_intake.bodies.base import Body, Name, Text


class AssignmentBody(Body):
    owner: Name
    reason: Text | None = None

    def command(self) -> Assign:
        return Assign(self.owner, self.reason)


class HandOffBody(Body):
    """Offers the case to a person (`owner`) or to a department: to exactly one of them."""

    owner: Name | None = None
    department: Name | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _to_somebody(self) -> HandOffBody:
        if (self.owner is None) == (self.department is None):
            raise ValueError("name an owner or a department: exactly one of them")
        return self

    def command(self) -> HandOver:
        return HandOver(self.owner, self.department, self.reason)


class AcceptanceBody(Body):
    """Whoever accepts owns the case from now on. The object is empty."""

    def command(self) -> AcceptHandOff:
        return AcceptHandOff()


class RefusalBody(Body):
    reason: Text

    def command(self) -> RefuseHandOff:
        return RefuseHandOff(self.reason)


class EscalationBody(Body):
    reason: Text
    to: Name | None = Field(None, description="a role; the next one of the policy's ladder when it is left out")

    def command(self) -> Escalate:
        return Escalate(self.reason, self.to)
