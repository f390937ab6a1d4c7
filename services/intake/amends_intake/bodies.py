"""What each request carries, and the command it means. Unknown fields are refused."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from amends_domain.commands import (
    Act,
    AgreeCallback,
    Apologize,
    Approve,
    Assign,
    Command,
    Confirm,
    Countermeasure,
    Decline,
    FollowUp,
    Investigate,
    Propose,
    Receive,
    RecordContact,
    Reject,
    Reopen,
    Review,
    Withdraw,
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _no_control(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must not contain control characters")
    return text


def _no_null(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the null character")
    return text


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128), AfterValidator(_no_control)
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=100_000), AfterValidator(_no_null)]
Names = Annotated[tuple[Name, ...], Field(max_length=50)]


class Body(BaseModel):
    """Base of all request bodies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def command(self) -> Command:
        """The command that this body asks for."""
        raise NotImplementedError


class Customer(BaseModel):
    """Who complains. `ref` is the organisation's own key of the customer; everything else is sealed."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, JsonValue]

    ref: Name
    name: Text | None = None
    phone: Text | None = None


class ComplaintBody(Body):
    channel: Name
    narrative: Text
    branch: Name
    customer: Customer
    kind: Literal["complaint", "inquiry", "suggestion", "praise"] = "complaint"
    type: Name | None = None
    cause: Name | None = None
    product: Name | None = None
    severity: Name | None = None
    desired_outcomes: Names = ()
    complained_of: Names = ()
    flags: Names = ()
    reply_by: AwareDatetime | None = Field(None, description="when the customer wishes to be called back")
    occurred_at: AwareDatetime | None = Field(None, description="when the complaint was made, if not now")
    external_ref: Name | None = Field(
        None,
        description="what another system calls this complaint; it is recorded once, whoever sends it again",
    )
    historical: bool = Field(False, description="a case from the past, recorded as it was: it starts no clocks")

    def command(self) -> Receive:
        personal = self.customer.model_dump(mode="json", exclude={"ref"}, exclude_none=True)
        return Receive(
            channel=self.channel,
            narrative=self.narrative,
            branch=self.branch,
            customer_ref=self.customer.ref,
            customer=personal,
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


class ApologyBody(Body):
    by_channel: Name
    text: Text

    def command(self) -> Apologize:
        return Apologize(self.by_channel, self.text)


class InvestigationBody(Body):
    findings: Text
    cause: Name
    at_fault: bool
    countermeasures: Annotated[tuple[Text, ...], Field(max_length=50)] = ()

    def command(self) -> Investigate:
        return Investigate(
            self.findings, self.cause, self.at_fault, tuple(Countermeasure(text) for text in self.countermeasures)
        )


class ProposalBody(Body):
    """What is offered. `amount` and `currency` (ISO 4217) come together or not at all."""

    kind: Name
    text: Text
    amount: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None

    @model_validator(mode="after")
    def _together(self) -> ProposalBody:
        if (self.amount is None) != (self.currency is None):
            raise ValueError("amount and currency come together")
        return self

    def command(self) -> Propose:
        return Propose(self.kind, self.text, self.amount, self.currency)


class ApprovalBody(Body):
    reason: Text

    def command(self) -> Approve:
        return Approve(self.reason)


class RejectionBody(Body):
    reason: Text

    def command(self) -> Reject:
        return Reject(self.reason)


class ConfirmationBody(Body):
    by_channel: Name
    text: Text | None = None

    def command(self) -> Confirm:
        return Confirm(self.by_channel, self.text)


class DeclineBody(Body):
    by_channel: Name
    reason: Text

    def command(self) -> Decline:
        return Decline(self.by_channel, self.reason)


class FollowUpBody(Body):
    """`executed`: the solution was carried out; then the customer's satisfaction belongs to it."""

    executed: bool
    satisfaction: Annotated[int, Field(ge=1, le=10)] | None = None
    text: Text | None = None

    def command(self) -> FollowUp:
        return FollowUp(self.executed, self.satisfaction, self.text)


class ReviewBody(Body):
    text: Text

    def command(self) -> Review:
        return Review(self.text)


class WithdrawalBody(Body):
    by_channel: Name
    reason: Text

    def command(self) -> Withdraw:
        return Withdraw(self.by_channel, self.reason)


class ReopeningBody(Body):
    reason: Literal["overdue", "broken-promise", "passed-around", "recurrence", "new-facts"]
    text: Text | None = None

    def command(self) -> Reopen:
        return Reopen(self.reason, self.text)


class ContactBody(Body):
    """An exchange with the customer. `reason_explained` and `agreed_callback_at` speak of a delayed callback."""

    direction: Literal["inbound", "outbound"]
    channel: Name
    summary: Text
    reached: bool = True
    reason_explained: bool = False
    agreed_callback_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _customers_who_call_are_reached(self) -> ContactBody:
        if self.direction == "inbound" and not self.reached:
            raise ValueError("an inbound contact has reached the customer by its nature")
        return self

    def command(self) -> RecordContact:
        return RecordContact(
            self.direction,
            self.channel,
            self.reached,
            self.summary,
            self.reason_explained,
            self.agreed_callback_at,
        )


class CallbackBody(Body):
    """`contact_position`: the contact in which the customer agreed, where this moves the callback to later."""

    at: AwareDatetime
    contact_position: Annotated[int, Field(ge=1)] | None = None

    def command(self) -> AgreeCallback:
        return AgreeCallback(self.at, self.contact_position)


class AssignmentBody(Body):
    owner: Name
    reason: Text | None = None

    def command(self) -> Assign:
        return Assign(self.owner, self.reason)


class ActionBody(Body):
    action: Name
    text: Text | None = None

    def command(self) -> Act:
        return Act(self.action, self.text)
