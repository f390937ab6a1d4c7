"""What people in the demo's story can do, and when: each a command with its body, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

AGENT, HANDLER, SUPERVISOR, HEAD = "agent", "handler", "supervisor", "department_head"


class Moment(NamedTuple):
    """What a step may refer to: the time it is, and where in the log the last contact of the case stands."""

    now: datetime
    contact_position: int | None

    def in_seconds(self, seconds: float) -> str:
        return (self.now + timedelta(seconds=seconds)).isoformat()


class Step(NamedTuple):
    """`role` gives the command `path` with `body`, so many seconds after the complaint.

    `told` is for who watches: what the role does, or a sentence of its own where it begins with the customer.
    """

    seconds: float
    role: str
    path: str
    body: Mapping[str, Any] | Callable[[Moment], Mapping[str, Any]]
    told: str


class Part(NamedTuple):
    """One complaint's story; `seconds` after the demo began. Untold ones fill the queue."""

    sample: str
    seconds: float
    told: str
    steps: tuple[Step, ...]


def apology(seconds: float, told: str = "apologises to {customer}") -> Step:
    text = "We are sorry. Thank you for telling us; here is what we shall do next."
    return Step(seconds, AGENT, "apology", {"by_channel": "phone", "text": text}, told)


def callback(seconds: float, told: str = "calls {customer} back") -> Step:
    body = {"direction": "outbound", "channel": "phone", "summary": "Spoke about what happened and what comes next."}
    return Step(seconds, HANDLER, "contacts", body, told)


def investigation(seconds: float, cause: str, told: str = "has found out what happened") -> Step:
    body = {
        "findings": "Looked through the records and asked everybody who was there.",
        "cause": cause,
        "at_fault": True,
        "countermeasures": ["Shown to the team, with what to do instead."],
    }
    return Step(seconds, HANDLER, "investigation", body, told)


def proposal(seconds: float, told: str, *, role: str = HANDLER, amount: str | None = None) -> Step:
    body: dict[str, Any] = {"kind": "apology", "text": "What we offer, and by when it is done."}
    if amount is not None:
        body |= {"kind": "refund", "amount": amount, "currency": "EUR"}
    return Step(seconds, role, "proposals", body, told)


def confirmation(seconds: float, told: str = "{customer} accepts") -> Step:
    return Step(seconds, AGENT, "confirmation", {"by_channel": "phone"}, told)


def promise(seconds: float, due_seconds: float, text: str, told: str) -> Step:
    return Step(
        seconds, HANDLER, "promises", lambda moment: {"text": text, "due_at": moment.in_seconds(due_seconds)}, told
    )


def kept(seconds: float, told: str) -> Step:
    """The case's first promise is kept."""
    return Step(seconds, HANDLER, "promises/1/kept", {}, told)


def refund(seconds: float, told: str) -> Step:
    return Step(seconds, HANDLER, "actions", {"action": "refund_made"}, told)


def follow_up(seconds: float, satisfaction: int) -> Step:
    told = f"asks whether it was done: yes, and {{customer}} gives {satisfaction} of 10"
    return Step(seconds, AGENT, "follow-up", {"executed": True, "satisfaction": satisfaction}, told)
