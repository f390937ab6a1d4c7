"""A new complaint."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from amends_domain.commands import Receive
from amends_intake.bodies.base import Body, Branch, Name, Names, Text, Time

# Those that JSON can be written with again.
_WHOLE_NUMBERS: Final = range(-(2**63), 2**64)


class Customer(BaseModel):
    """Who complains. `ref` is the organisation's own key of the customer; everything else is sealed."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, JsonValue]

    ref: Name
    name: Text | None = None
    phone: Text | None = None

    @model_validator(mode="after")
    def _can_be_kept(self) -> Customer:
        if self.model_extra:
            _check_numbers(self.model_extra.values())
        return self

    def personal(self) -> dict[str, JsonValue]:
        """All but the key, as JSON values."""
        if self.model_extra:
            return self.model_dump(mode="json", exclude={"ref"}, exclude_none=True)
        told = {"name": self.name, "phone": self.phone}
        return {field: value for field, value in told.items() if value is not None}


def _check_numbers(values: Iterable[JsonValue]) -> None:
    waiting = list(values)
    for value in waiting:
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif (isinstance(value, float) and not math.isfinite(value)) or (
            isinstance(value, int) and value not in _WHOLE_NUMBERS
        ):
            raise ValueError("must have no number of more than 64 bits: write it as a text")


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
