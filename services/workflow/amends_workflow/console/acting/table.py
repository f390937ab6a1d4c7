"""Every command that a case may allow, as a form: where it goes in intake, and what is asked. The one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from amends_platform.words import message
from amends_workflow.console.acting.fields import OCCURRED_AT, Field, channel, field, reason, said

Group = Literal["steps", "contact", "people", "knowledge", "ends"]


class Action(NamedTuple):
    """`path` follows `/v1/complaints/{id}/`; `{number}` in it is a field's. `note`: what one should know before."""

    command: str
    path: str
    group: Group
    fields: tuple[Field, ...]
    note: str = ""

    @property
    def all_fields(self) -> tuple[Field, ...]:
        return (*self.fields, OCCURRED_AT)


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


_ACTIONS: Final = (
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
        "contact",
        "contacts",
        "contact",
        (
            field("direction", message("Who called whom"), "code", of="direction", required=True, initial="outbound"),
            Field("channel", message("By"), "code", ("channel",), required=True, of="channel", initial="phone"),
            field("reached", message("Was the customer reached?"), "yes_no", required=True, initial="yes"),
            said("summary", message("What was said")),
            field(
                "reason_explained",
                message("The reason why the callback is late was explained"),
                "tick",
                more=True,
            ),
            field("agreed_callback_at", message("The customer agreed to be called back at"), "time", more=True),
            said("promise", message("What was promised"), "promise.text", required=False, more=True),
            field("promise_due", message("Promised by"), "time", "promise.due_at", more=True),
            field("spoken_by", message("Who spoke, if not you"), "line", more=True),
        ),
    ),
    Action(
        "agree-callback",
        "callback",
        "contact",
        (
            field("at", message("When to call back"), "time", required=True),
            field(
                "contact_position",
                message("The contact in which the customer agreed"),
                "pick",
                of="contacts",
                hint=message("Needed where this moves the callback to later."),
            ),
        ),
    ),
    Action(
        "promise",
        "promises",
        "contact",
        (said("text", message("What was promised")), field("due_at", message("By when"), "time", required=True)),
    ),
    Action(
        "keep-promise",
        "promises/{number}/kept",
        "contact",
        (
            field("number", message("Which promise"), "pick", of="promises", required=True, in_path=True),
            said("text", message("How it was kept"), required=False),
        ),
    ),
    Action(
        "act",
        "actions",
        "contact",
        (
            field("action", message("What was done"), "code", of="action", required=True),
            field(
                "number",
                message("Which countermeasure"),
                "pick",
                of="countermeasures",
                hint=message("Where it was one; else the one due first."),
            ),
            said("text", message("More about it"), required=False),
        ),
        message("A clock may wait for it."),
    ),
    Action(
        "assign",
        "assignment",
        "people",
        (field("owner", message("New owner"), "line", required=True), reason(required=False)),
    ),
    Action(
        "hand-off",
        "handoffs",
        "people",
        (
            field("owner", message("To a person"), "line"),
            field("department", message("Or to a department"), "line", hint=message("To exactly one of them.")),
            reason(required=False),
        ),
        message("Until they accept, the case is still its owner's."),
    ),
    Action("accept", "handoffs/acceptance", "people", (), message("You own the case from then on.")),
    Action("refuse", "handoffs/refusal", "people", (reason(),)),
    Action(
        "escalate",
        "escalation",
        "people",
        (
            reason(),
            field(
                "to", message("To whom"), "code", of="ladder", hint=message("Left out, the next of the ladder is told.")
            ),
        ),
    ),
    Action(
        "acknowledge",
        "acknowledgements",
        "knowledge",
        (field("position", message("What you have seen"), "pick", of="alerts", required=True),),
        message("It says that you know of it, and stops no clock."),
    ),
    Action("note", "notes", "knowledge", (said("text", message("Note")),)),
    Action(
        "classify",
        "classification",
        "knowledge",
        (
            field("kind", message("Kind"), "code", of="kind_received"),
            field("type", message("Type"), "code", of="type"),
            field("cause", message("Cause"), "code", of="cause"),
            field("product", message("Product"), "code", of="product"),
            field("severity", message("Severity"), "code", of="severity"),
            field(
                "grade",
                message("Grade"),
                "code",
                of="grade",
                hint=message("A grade is only ever raised, with a reason."),
            ),
            field("desired_outcomes", message("What the customer wants"), "codes", of="outcome", more=True),
            field(
                "complained_of",
                message("Staff the complaint names"),
                "names",
                more=True,
                hint=message("Staff ids, with commas between them."),
            ),
            said("reason", message("Why"), required=False),
        ),
        message("What is left out stays as it is."),
    ),
    Action(
        "flag",
        "flags",
        "knowledge",
        (
            field("add", message("Add"), "codes", of="flags_to_add"),
            field("remove", message("Remove"), "codes", of="flags_to_remove"),
            said("reason", message("Why"), required=False),
        ),
    ),
    Action(
        "link",
        "links",
        "knowledge",
        (
            field(
                "case",
                message("The other case"),
                "line",
                required=True,
                hint=message("Its reference, such as 5MAY-X6NW; or that of an incident."),
            ),
            field(
                "relation",
                message("What it has to do with this one"),
                "code",
                of="relation",
                required=True,
                initial="related",
            ),
        ),
    ),
    Action(
        "correct",
        "corrections",
        "knowledge",
        (
            field("position", message("The entry that is wrong"), "pick", of="entries", required=True),
            said("text", message("What is right")),
        ),
        message("Nothing is removed: the entry stays, with the correction beside it."),
    ),
    Action(
        "extend",
        "extensions",
        "knowledge",
        (field("clock", message("Clock"), "pick", of="clocks", required=True), reason()),
    ),
    Action(
        "retime",
        "retiming",
        "knowledge",
        (field("clock", message("Clock"), "pick", of="clocks", required=True), reason()),
        message("The clock is judged by the policy in force now, and no longer by the one it started under."),
    ),
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

ACTIONS: Final[Mapping[str, Action]] = {action.command: action for action in _ACTIONS}

GROUPS: Final[Mapping[Group, str]] = {
    "steps": message("Next steps"),
    "contact": message("With the customer"),
    "people": message("Who is answerable"),
    "knowledge": message("What is known"),
    "ends": message("Ends and holds"),
}

COMPLAINT: Final = Action(
    "receive",
    "",
    "steps",
    (
        Field("channel", message("Received by"), "code", ("channel",), required=True, of="channel", initial="phone"),
        field("branch", message("Branch it is about"), "line", required=True),
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
