"""An alert in one line: for people, and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from rich.text import Text

from amends_platform.alerts import ACKNOWLEDGED, Alert
from amends_platform.cli.tables import padded
from amends_platform.words import Words

_COLOURS: Final = {"reminder": "yellow", "breach": "bold red", "escalation": "bold magenta"}


def json_line(alert: Alert) -> str:
    """The alert as one JSON object."""
    return orjson.dumps(
        {
            "id": alert.id,
            "kind": alert.kind,
            "name": alert.name,
            "published_at": alert.published_at,
            "payload": alert.payload,
        }
    ).decode()


def shown(said: Words, alert: Alert) -> Text:
    """When, what, which case, whose, and how things stand."""
    payload = alert.payload
    if alert.name == ACKNOWLEDGED:
        return _acknowledged(said, alert)
    return Text.assemble(
        (f"{alert.published_at.astimezone():%H:%M:%S}", "dim"),
        "  ",
        (padded(said.code("alert", alert.kind), 12), _COLOURS.get(alert.kind, "bold")),
        padded(said.code("ladder" if alert.kind == "escalation" else "clock", alert.name), 19),
        (f"{payload.get('reference', '?'):<11}", "bold"),
        padded(said.code("state", payload.get("state", "")), 20),
        _standing(said, alert),
        ("  " + _whose_case(said, payload), "dim"),
    )


def _acknowledged(said: Words, alert: Alert) -> Text:
    payload = alert.payload
    clock = payload.get("clock")
    return Text.assemble(
        (f"{alert.published_at.astimezone():%H:%M:%S}", "dim"),
        "  ",
        (padded(said.text("seen"), 12), "green"),
        padded(said.code("clock", clock) if clock else said.code("alert", payload.get("alert", "")), 19),
        (f"{payload.get('reference', '?'):<11}", "bold"),
        (said.text("somebody has acknowledged the {alert}", alert=said.term("alert", payload.get("alert"))), "dim"),
    )


def why(said: Words, alert: Alert) -> str:
    """Why a role is told, in a few words; nothing for a reminder or a breach, which say it themselves."""
    if alert.kind != "escalation":
        return ""
    match alert.payload.get("cause"):
        case "deadline":
            return said.text("{clock} is not met", clock=said.code("clock", str(alert.payload.get("clock"))))
        case "notice":
            return said.text("at once")
        case "recusal":
            return said.text("staff of the unit are complained of")
        case _:
            return said.text("asked for")


def _standing(said: Words, alert: Alert) -> str:
    due_at = alert.payload.get("due_at")
    if due_at is None:
        return why(said, alert)
    left = (datetime.fromisoformat(due_at) - alert.published_at).total_seconds()
    if alert.kind == "breach":
        passed, told = datetime.fromisoformat(due_at).astimezone(), alert.published_at.astimezone()
        # What was learnt late passed on another day.
        of_day = "%H:%M:%S" if passed.date() == told.date() else "%Y-%m-%d %H:%M"
        when = said.text("passed {time}", time=passed.strftime(of_day))
    else:
        length = said.length(left, short=True)
        when = (
            said.text("due in {length}", length=length)
            if left > 0
            else said.text("was due {length} ago", length=length)
        )
    clock = said.code("clock", str(alert.payload.get("clock"))) if alert.kind == "escalation" else ""
    is_customers = alert.payload.get("owed_by") == "customer"
    return said.clauses((said.joined((clock, when)), said.text("the customer's own time") if is_customers else ""))


def _whose_case(said: Words, payload: Mapping[str, Any]) -> str:
    grade = said.code("grade", payload.get("grade", ""))
    owner = said.text("owner {name}", name=payload.get("owner", ""))
    return said.clauses((grade, payload.get("branch", ""), owner))
