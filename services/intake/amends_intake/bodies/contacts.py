"""Contacts with the customer, and what is agreed or promised in them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from amends_domain.commands import AgreeCallback, KeepPromise, MakePromise, PromiseToCustomer, RecordContact
from amends_intake.bodies.base import Body, Name, NumberedBody, Part, Position, Text, Time


class PromiseMade(Part):
    """What the customer was told would happen, and by when."""

    text: Text
    due_at: Time


class ContactBody(Body):
    """An exchange with the customer. `reason_explained` and `agreed_callback_at` speak of a delayed callback."""

    direction: Literal["inbound", "outbound"]
    channel: Name
    summary: Text
    reached: bool = True
    reason_explained: bool = False
    agreed_callback_at: Time | None = None
    promise: PromiseMade | None = None
    spoken_by: Name | None = Field(None, description="the staff id of whoever spoke, if not who enters this")

    @model_validator(mode="after")
    def _customers_who_call_are_reached(self) -> ContactBody:
        if self.direction == "inbound" and not self.reached:
            raise ValueError("an inbound contact has reached the customer by its nature")
        return self

    def command(self) -> RecordContact:
        promise = self.promise
        return RecordContact(
            self.direction,
            self.channel,
            self.reached,
            self.summary,
            self.reason_explained,
            self.agreed_callback_at,
            None if promise is None else PromiseToCustomer(promise.text, promise.due_at),
            self.spoken_by,
        )


class CallbackBody(Body):
    """`contact_position`: the contact in which the customer agreed, where this moves the callback to later."""

    at: Time
    contact_position: Position | None = None

    def command(self) -> AgreeCallback:
        return AgreeCallback(self.at, self.contact_position)


class PromiseBody(PromiseMade, Body):
    def command(self) -> MakePromise:
        return MakePromise(self.text, self.due_at)


class PromiseKeptBody(NumberedBody):
    text: Text | None = None

    def command_of(self, number: int) -> KeepPromise:
        return KeepPromise(number, self.text)
