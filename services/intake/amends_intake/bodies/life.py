"""The six steps and one, and the ways out of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from amends_domain.commands import (
    Apologize,
    Approve,
    CloseIncident,
    CloseUnsatisfied,
    Confirm,
    Countermeasure,
    Decline,
    FollowUp,
    Investigate,
    Propose,
    Reject,
    Reopen,
    ResolveOnTheSpot,
    Review,
    Withdraw,
)
from amends_intake.bodies.base import Body, Name, Part, Text, Time, at_most

Answer = Annotated[int, Field(ge=1, le=10)]


class Apology(Part):
    by_channel: Name
    text: Text

    def command(self) -> Apologize:
        return Apologize(self.by_channel, self.text)


class ApologyBody(Apology, Body):
    pass


class PlannedCountermeasure(Part):
    """What shall change because of the complaint. With `due_at` it is a clock; it is the owner's of the case unless
    `owner` is another."""

    text: Text
    owner: Name | None = None
    due_at: Time | None = None


def _or_text_alone(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


def _says_so(schema: dict[str, Any]) -> None:
    schema["items"] = {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 100_000}, schema["items"]]}


class Investigation(Part):
    findings: Text
    cause: Name
    at_fault: bool
    countermeasures: Annotated[
        tuple[Annotated[PlannedCountermeasure, BeforeValidator(_or_text_alone)], ...],
        *at_most(50),
        Field(json_schema_extra=_says_so),
    ] = ()

    def command(self) -> Investigate:
        planned = (Countermeasure(each.text, each.owner, each.due_at) for each in self.countermeasures)
        return Investigate(self.findings, self.cause, self.at_fault, tuple(planned))


class InvestigationBody(Investigation, Body):
    pass


class Proposal(Part):
    """What is offered. `amount` and `currency` (ISO 4217) come together or not at all."""

    kind: Name
    text: Text
    amount: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None

    @model_validator(mode="after")
    def _together(self) -> Proposal:
        if (self.amount is None) != (self.currency is None):
            raise ValueError("amount and currency come together")
        return self

    def command(self) -> Propose:
        return Propose(self.kind, self.text, self.amount, self.currency)


class ProposalBody(Proposal, Body):
    pass


class ApprovalBody(Body):
    reason: Text

    def command(self) -> Approve:
        return Approve(self.reason)


class RejectionBody(Body):
    reason: Text

    def command(self) -> Reject:
        return Reject(self.reason)


class Confirmation(Part):
    by_channel: Name
    text: Text | None = None

    def command(self) -> Confirm:
        return Confirm(self.by_channel, self.text)


class ConfirmationBody(Confirmation, Body):
    pass


class DeclineBody(Body):
    by_channel: Name
    reason: Text

    def command(self) -> Decline:
        return Decline(self.by_channel, self.reason)


class OnTheSpotBody(Body):
    """Settled in one conversation: all of it is recorded, or nothing."""

    apology: Apology
    investigation: Investigation
    proposal: Proposal
    confirmation: Confirmation

    def command(self) -> ResolveOnTheSpot:
        return ResolveOnTheSpot(
            self.apology.command(), self.investigation.command(), self.proposal.command(), self.confirmation.command()
        )


class FollowUpBody(Body):
    """`executed`: the solution was carried out; then the customer's satisfaction belongs to it, and, where the policy
    has a satisfaction index, `answers` to its indicators."""

    executed: bool
    satisfaction: Answer | None = None
    text: Text | None = None
    answers: Annotated[dict[Name, Answer], Field(min_length=1), *at_most(500)] | None = None

    def command(self) -> FollowUp:
        return FollowUp(self.executed, self.satisfaction, self.text, self.answers)


class ReviewBody(Body):
    text: Text

    def command(self) -> Review:
        return Review(self.text)


class WithdrawalBody(Body):
    by_channel: Name
    reason: Text

    def command(self) -> Withdraw:
        return Withdraw(self.by_channel, self.reason)


class UnsatisfiedClosureBody(Body):
    """From a role that must agree it is its approval, from others the request for them."""

    reason: Text

    def command(self) -> CloseUnsatisfied:
        return CloseUnsatisfied(self.reason)


class ReopeningBody(Body):
    reason: Literal["overdue", "broken-promise", "passed-around", "recurrence", "new-facts"]
    text: Text | None = None

    def command(self) -> Reopen:
        return Reopen(self.reason, self.text)


class ClosureBody(Body):
    """Closes an incident; complaints are closed by what became of them."""

    reason: Text

    def command(self) -> CloseIncident:
        return CloseIncident(self.reason)
