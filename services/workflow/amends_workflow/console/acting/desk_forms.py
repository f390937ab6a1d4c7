"""The forms of what is done at any time: contacts and promises, who is answerable, what is known."""

from __future__ import annotations

from typing import Final

from amends_platform.words import message
from amends_workflow.console.acting.action import Action
from amends_workflow.console.acting.fields import Field, field, reason, said

DESK: Final = (
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
)
