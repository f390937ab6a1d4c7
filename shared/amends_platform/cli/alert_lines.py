"""An alert in one line: for people, and for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import orjson
from rich.text import Text

from amends_platform.alerts import Alert
from amends_platform.words import words

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


def shown(alert: Alert) -> Text:
    """When, what, which case, whose, and how things stand."""
    payload = alert.payload
    return Text.assemble(
        (f"{alert.published_at.astimezone():%H:%M:%S}", "dim"),
        "  ",
        (f"{alert.kind:<12}", _COLOURS.get(alert.kind, "bold")),
        f"{alert.name:<19}",
        (f"{payload.get('reference', '?'):<11}", "bold"),
        f"{payload.get('state', ''):<20}",
        _standing(alert),
        (f"  {payload.get('grade', '')}, {payload.get('branch', '')}, owner {payload.get('owner', '')}", "dim"),
    )


def why(alert: Alert) -> str:
    """Why a role is told, in a few words; nothing for a reminder or a breach, which say it themselves."""
    if alert.kind != "escalation":
        return ""
    match alert.payload.get("cause"):
        case "deadline":
            return f"{alert.payload.get('clock')} is not met"
        case "notice":
            return "at once"
        case "recusal":
            return "staff of the unit are complained of"
        case _:
            return "asked for"


def _standing(alert: Alert) -> str:
    due_at = alert.payload.get("due_at")
    if due_at is None:
        return why(alert)
    left = (datetime.fromisoformat(due_at) - alert.published_at).total_seconds()
    if alert.kind == "breach":
        return f"passed {datetime.fromisoformat(due_at).astimezone():%H:%M:%S}{_whose(alert)}"
    clock = f"{alert.payload.get('clock')} " if alert.kind == "escalation" else ""
    when = (
        f"due in {words('en').length(left, short=True)}"
        if left > 0
        else f"was due {words('en').length(left, short=True)} ago"
    )
    return f"{clock}{when}{_whose(alert)}"


def _whose(alert: Alert) -> str:
    return ", the customer's own time" if alert.payload.get("owed_by") == "customer" else ""
