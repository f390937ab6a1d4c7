"""The form of a new complaint."""

from __future__ import annotations

from typing import Final

from amends_platform.words import message
from amends_workflow.console.acting.action import Action
from amends_workflow.console.acting.fields import Field, field, said

COMPLAINT: Final = Action(
    "receive",
    "",
    "steps",
    (
        Field("channel", message("Received by"), "code", ("channel",), required=True, of="channel", initial="phone"),
        field("branch", message("Branch it is about"), "line", required=True, of="branch"),
        field(
            "customer_ref",
            message("Customer's reference"),
            "line",
            "customer.ref",
            required=True,
            hint=message("The organisation's own key of the customer."),
        ),
        field("customer_name", message("Name"), "line", "customer.name"),
        field("customer_phone", message("Telephone"), "line", "customer.phone"),
        said("narrative", message("What happened, in the customer's words")),
        field("type", message("Type"), "code", of="type"),
        field("cause", message("Cause"), "code", of="cause", more=True),
        field("product", message("Product"), "code", of="product", more=True),
        field("severity", message("Severity"), "code", of="severity", more=True),
        field("kind", message("Kind"), "code", of="kind_received", required=True, initial="complaint", more=True),
        field("desired_outcomes", message("What the customer wants"), "codes", of="outcome", more=True),
        field("flags", message("Flags"), "codes", of="flag", more=True),
        field(
            "complained_of",
            message("Staff the complaint names"),
            "names",
            more=True,
            hint=message("Staff ids, with commas between them."),
        ),
        field("reply_by", message("The customer wishes to be called back by"), "time", more=True),
        field("external_ref", message("Another system's number"), "line", more=True),
    ),
)
