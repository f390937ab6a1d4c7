"""Forgetting a customer, and what forbids it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from amends_domain.commands import ApproveErasure, Hold, RejectErasure, ReleaseHold, RequestErasure
from amends_domain.decisions.erasure import REASON_CHARACTERS_MAX
from amends_intake.bodies.base import Body, Part, Text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


ClearReason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=REASON_CHARACTERS_MAX),
    AfterValidator(_printable),
]


class HoldBody(Body):
    """Nothing of the customer's may be erased while the case is held."""

    reason: Text

    def command(self) -> Hold:
        return Hold(self.reason)


class ReleaseHoldBody(Body):
    reason: Text

    def command(self) -> ReleaseHold:
        return ReleaseHold(self.reason)


class ErasureBody(Part):
    """`reason` stays readable for ever, and must not say who the customer is."""

    reason: ClearReason = Field(description="clear text that outlives the erasure: say it without a name or a number")

    def command(self) -> RequestErasure:
        return RequestErasure(self.reason)


class ErasureApprovalBody(Part):
    """Nothing to say: the reason is that of the request."""

    def command(self) -> ApproveErasure:
        return ApproveErasure()


class ErasureRejectionBody(Part):
    """`reason` is sealed like all that is written about a customer."""

    reason: Text | None = None

    def command(self) -> RejectErasure:
        return RejectErasure(self.reason)
