"""The forms of a complaint's life: the six steps and one, and the ways out of them."""

from __future__ import annotations

from typing import Final

from amends_platform.words import message
from amends_workflow.console.acting.action import Action
from amends_workflow.console.acting.fields import Field, channel, field, reason, said

_FINDING: Final = (
    said("findings", message("What was found"), "findings"),
    field("cause", message("Cause"), "code", of="cause", required=True),
    field("at_fault", message("Were we at fault?"), "yes_no", required=True),
)


def _measures(prefix: str = "") -> tuple[Field, ...]:
    return tuple(
        each
        for n in range(3)
        for each in (
            field(
                f"measure_{n}",
                message("What shall change"),
                "line",
                f"{prefix}countermeasures.{n}.text",
                more=True,
                hint=message("A countermeasure: with a date it is a clock."),
            ),
            field(
                f"measure_{n}_owner", message("Who sees to it"), "line", f"{prefix}countermeasures.{n}.owner", more=True
            ),
            field(f"measure_{n}_due", message("By when"), "time", f"{prefix}countermeasures.{n}.due_at", more=True),
        )
    )


def _offer(prefix: str = "") -> tuple[Field, ...]:
    return (
        field("kind", message("What is offered"), "code", f"{prefix}kind", of="proposal", required=True),
        said("offer", message("In words, as the customer is told"), f"{prefix}text"),
        field("amount", message("Amount"), "amount", f"{prefix}amount", hint=message("Only where money is offered.")),
        field(
            "currency",
            message("Currency"),
            "line",
            f"{prefix}currency",
            initial="CNY",
            hint=message("Three letters, such as CNY."),
        ),
    )


LIFE: Final = (
    Action("apologize", "apology", "steps", (channel("by_channel"), said("text", message("What was said")))),
    Action("investigate", "investigation", "steps", (*_FINDING, *_measures())),
    Action(
        "propose",
        "proposals",
        "steps",
        _offer(),
        message("An offer beyond your limit waits for an approval before the customer is told."),
    ),
    Action("approve", "proposals/approval", "steps", (reason(),)),
    Action("reject", "proposals/rejection", "steps", (reason(),)),
    Action(
        "confirm",
        "confirmation",
        "steps",
        (channel("by_channel"), said("text", message("What the customer said"), required=False)),
    ),
    Action("decline", "decline", "steps", (channel("by_channel"), said("reason", message("What the customer said")))),
    Action(
        "on-the-spot",
        "on-the-spot",
        "steps",
        (
            channel("apology.by_channel", "confirmation.by_channel"),
            said("apology", message("How you apologised"), "apology.text"),
            said("findings", message("What was found"), "investigation.findings"),
            field("cause", message("Cause"), "code", "investigation.cause", of="cause", required=True),
            field("at_fault", message("Were we at fault?"), "yes_no", "investigation.at_fault", required=True),
            *_offer("proposal."),
            said("agreed", message("What the customer said"), "confirmation.text", required=False),
        ),
        message("Apology, finding, offer and agreement in one conversation: all of it is recorded, or nothing."),
    ),
    Action(
        "follow-up",
        "follow-up",
        "steps",
        (
            field("executed", message("Was the solution carried out?"), "yes_no", required=True),
            field(
                "satisfaction",
                message("How content is the customer?"),
                "number",
                hint=message("1 to 10, as the customer says. Needed where it was carried out."),
            ),
            field("answers", message("Asked one by one"), "answers", hint=message("1 to 10 each.")),
            said("text", message("What the customer said"), required=False),
        ),
    ),
    Action("review", "review", "steps", (said("text", message("What could have been done or said better")),)),
    Action(
        "withdraw", "withdrawal", "ends", (channel("by_channel"), said("reason", message("What the customer said")))
    ),
    Action(
        "close-unsatisfied",
        "unsatisfied-closure",
        "ends",
        (reason(),),
        message("Two roles must agree; yours is one of them, or asks for both."),
    ),
    Action(
        "reopen",
        "reopening",
        "ends",
        (
            field("reason", message("Why"), "code", of="reopening", required=True),
            said("text", message("More about it"), required=False),
        ),
        message("A new cycle begins, with fresh clocks; the owner stays."),
    ),
    Action(
        "merge",
        "merge",
        "ends",
        (
            field(
                "into",
                message("Goes on as"),
                "line",
                required=True,
                hint=message("The reference of an older case of the same customer."),
            ),
            reason(),
        ),
    ),
    Action("close-incident", "closure", "ends", (reason(),)),
    Action(
        "hold",
        "legal-hold",
        "ends",
        (reason(),),
        message("Nothing of the customer's may be erased while the case is held."),
    ),
    Action("release-hold", "legal-hold/release", "ends", (reason(),)),
)
