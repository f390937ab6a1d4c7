"""What happened, event by event, in a sentence each; and the words of people that belong to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from amends_platform.cli.instants import seconds_in_words
from amends_platform.cli.tables import local_time

# What is recorded this much after it happened was entered late, and one should know.
_LATE_SECONDS: Final = 120

_Data = Mapping[str, Any]
_WORDS: Final = ("narrative", "text", "findings", "reason", "summary")


def sentence(event: Mapping[str, Any]) -> str:
    """An event as the workflow answers it, in a sentence."""
    tell = _SENTENCES.get(event["type"])
    said = tell(event["data"]) if tell is not None else str(event["type"]).replace("-", " ")
    late = (_time(event["recorded_at"]) - _time(event["occurred_at"])).total_seconds()
    # A reminder or a breach says itself how late it is, and a case from the past is no late entry.
    told_already = "late_by_ms" in event["data"] or event["data"].get("historical")
    if late > _LATE_SECONDS and not told_already:
        said += f" (happened {local_time(event['occurred_at'])}, entered {seconds_in_words(late)} later)"
    return said


def quoted(event: Mapping[str, Any]) -> Iterator[str]:
    """The personal part, where the key may read it, a paragraph each."""
    missing = event.get("personal_missing")
    if missing is not None:
        yield f"[{'erased: the customer has asked for it' if missing == 'erased' else 'cannot be read'}]"
    personal = event.get("personal") or {}
    customer = personal.get("customer")
    if customer:
        yield ", ".join(f"{name} {value}" for name, value in customer.items() if isinstance(value, str))
    for name in _WORDS:
        if personal.get(name):
            yield str(personal[name])
    for countermeasure in personal.get("countermeasures") or ():
        yield f"- {countermeasure}"


def _received(data: _Data) -> str:
    what = data.get("kind", "complaint")
    past = ", recorded now as a case from the past" if data.get("historical") else ""
    return f"{what.capitalize()} received by {data['channel']} at {data['branch']}{past}"


def _investigated(data: _Data) -> str:
    return f"Investigated: {data['cause']}; the organisation is {'' if data['at_fault'] else 'not '}at fault"


def _proposed(data: _Data) -> str:
    amount = f" of {data['amount']} {data['currency']}" if data.get("amount") is not None else ""
    waiting = f", which takes the approval of a {data['approval_by']}" if data.get("approval_by") else ""
    return f"Proposed: {data['kind']}{amount}{waiting}"


def _followed_up(data: _Data) -> str:
    return f"Followed up: it was carried out, and the customer gives {data['satisfaction']} of 10"


def _recorded_contact(data: _Data) -> str:
    explained = ", the reason for the delay explained" if data.get("reason_explained") else ""
    return f"Contact ({data['direction']}) by {data['channel']}{explained}"


def _agreed(data: _Data) -> str:
    moved = "moved, with the customer's consent, to" if data.get("extension") else "agreed for"
    return f"Callback {moved} {local_time(data['at'])}"


def _reminded(data: _Data) -> str:
    return f"Reminder: {data['clock']} ({data['warning']}), due {local_time(data['due_at'])}{_late(data)}"


def _breached(data: _Data) -> str:
    return f"BREACH: {data['clock']} was due {local_time(data['due_at'])}{_late(data)}"


def _late(data: _Data) -> str:
    seconds = data.get("late_by_ms", 0) / 1000
    return f", noticed {seconds_in_words(seconds)} late" if seconds >= 1 else ""


_SENTENCES: Final[Mapping[str, Callable[[_Data], str]]] = {
    "complaint-received": _received,
    "apology-given": lambda data: f"Apologised by {data['by_channel']}",
    "investigation-completed": _investigated,
    "resolution-proposed": _proposed,
    "proposal-approved": lambda data: f"Proposal approved by {data['approved_by']}",
    "proposal-rejected": lambda data: f"Proposal rejected by {data['rejected_by']}",
    "customer-confirmed": lambda data: f"The customer accepted, by {data['by_channel']}",
    "customer-declined": lambda data: f"The customer declined, by {data['by_channel']}",
    "followed-up": _followed_up,
    "follow-up-failed": lambda _: "Followed up: it was not carried out",
    "review-recorded": lambda _: "Reviewed: what could have been done or said better",
    "complaint-withdrawn": lambda data: f"Withdrawn by the customer, by {data['by_channel']}",
    "case-reopened": lambda data: f"Reopened ({data['reason']}), cycle {data['cycle']}",
    "callback-made": lambda data: f"Called back, by {data['channel']}",
    "contact-attempted": lambda data: f"Tried to reach the customer by {data['channel']}",
    "contact-recorded": _recorded_contact,
    "callback-agreed": _agreed,
    "owner-assigned": lambda data: f"Owner is now {data['owner']}, before {data['previous_owner']}",
    "action-taken": lambda data: f"Done: {data['action']}",
    "reminder-issued": _reminded,
    "deadline-breached": _breached,
}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
