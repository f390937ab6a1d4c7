"""A new complaint."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from amends_domain.commands import Receive
from amends_intake.bodies.base import Body, Branch, Name, Names, Text, Time


class Customer(BaseModel):
    """Who complains. `ref` is the organisation's own key of the customer; everything else is sealed."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, JsonValue]

    ref: Name
    name: Text | None = None
    phone: Text | None = None

    def personal(self) -> dict[str, JsonValue]:
        """All but the key, as JSON values."""
        if self.model_extra:
            return self.model_dump(mode="json", exclude={"ref"}, exclude_none=True)
        told = {"name": self.name, "phone": self.phone}
        return {field: value for field, value in told.items() if value is not None}


class ComplaintBody(Body):
    channel: Name
    narrative: Text
    branch: Branch
    customer: Customer
    kind: Literal["complaint", "inquiry", "suggestion", "praise"] = "complaint"
    type: Name | None = None
    cause: Name | None = None
    product: Name | None = None
    severity: Name | None = None
    desired_outcomes: Names = ()
    complained_of: Names = ()
    flags: Names = ()
    reply_by: Time | None = Field(None, description="when the customer wishes to be called back")
    occurred_at: Time | None = Field(None, description="when the complaint was made, if not now")
    external_ref: Name | None = Field(
        None,
        description="what another system calls this complaint; it is recorded once, whoever sends it again",
    )
    historical: bool = Field(False, description="a case from the past, recorded as it was: it starts no clocks")

    def command(self) -> Receive:
        return Receive(
            channel=self.channel,
            narrative=self.narrative,
            branch=self.branch,
            customer_ref=self.customer.ref,
            customer=self.customer.personal(),
            kind=self.kind,
            type=self.type,
            cause=self.cause,
            product=self.product,
            severity=self.severity,
            desired_outcomes=self.desired_outcomes,
            complained_of=self.complained_of,
            flags=self.flags,
            reply_by=self.reply_by,
            occurred_at=self.occurred_at,
            external_ref=self.external_ref,
            historical=self.historical,
        )
