"""The sentences about events that have a time in them: promises, callbacks, reminders, breaches, escalations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from amends_platform.words.vocabulary import Words

Data = Mapping[str, Any]
# How a time is written: at a terminal in that machine's zone, in a dossier in the policy's.
At = Callable[[str], str]


def _agreed(said: Words, data: Data, at: At) -> str:
    if data.get("extension"):
        return said.text("Callback moved, with the customer's consent, to {at}", at=at(data["at"]))
    return said.text("Callback agreed for {at}", at=at(data["at"]))


def _promised(said: Words, data: Data, at: At) -> str:
    promise = said.text("Promise {number} to the customer, for {at}", number=data["number"], at=at(data["due_at"]))
    if not data.get("from_case"):
        return promise
    return said.clauses(
        (promise, said.text("taken over from a merged case, where {person} made it", person=data["promised_by"]))
    )


def _planned(said: Words, data: Data, at: At) -> str:
    return said.text(
        "Countermeasure {number}: {owner} carries it out by {at}",
        number=data["number"],
        owner=data["owner"],
        at=at(data["due_at"]),
    )


def _escalated(said: Words, data: Data, at: At) -> str:
    to = said.term("ladder", data["to"])
    match data["cause"]:
        case "deadline":
            early = datetime.fromisoformat(data["fell_due_at"]) < datetime.fromisoformat(data["due_at"])
            clock, due_at = said.term("clock", data["clock"]), at(data["due_at"])
            why = (
                said.text(
                    "Escalated to the {role}: {clock} is due {at} and is not met", role=to, clock=clock, at=due_at
                )
                if early
                else said.text(
                    "Escalated to the {role}: {clock} was due {at} and is not met", role=to, clock=clock, at=due_at
                )
            )
            return said.clauses((why, _late(said, data)))
        case "notice":
            return said.text("The {role} is told at once", role=to)
        case "recusal":
            return said.text("The {role} is told: staff of the unit are complained of", role=to)
        case _:
            return said.text("Escalated to the {role}", role=to)


def _extended(said: Words, data: Data, at: At) -> str:
    return said.text(
        "Longer term for {clock}, from {before} to {at}, approved by {person}",
        clock=said.term("clock", data["clock"]),
        before=at(data["previous_due_at"]),
        at=at(data["due_at"]),
        person=data["approved_by"],
    )


def _retimed(said: Words, data: Data, at: At) -> str:
    return said.text(
        "Judged by the policy in force now: {clock} is due {at}, before {before}",
        clock=said.term("clock", data["clock"]),
        at=at(data["due_at"]),
        before=at(data["previous_due_at"]),
    )


def _reminded(said: Words, data: Data, at: At) -> str:
    values = {
        "clock": said.term("clock", data["clock"]),
        "warning": said.warning(data["warning"]),
        "at": at(data["due_at"]),
    }
    if data.get("owed_by") == "customer":
        reminder = said.text("Reminder for the customer: {clock} ({warning}), due {at}", **values)
    else:
        reminder = said.text("Reminder: {clock} ({warning}), due {at}", **values)
    return said.clauses((reminder, _late(said, data)))


def _breached(said: Words, data: Data, at: At) -> str:
    values = {"clock": said.term("clock", data["clock"]), "at": at(data["due_at"])}
    if data.get("owed_by") == "customer":
        breach = said.text("LAPSED, the customer's own time: {clock} was due {at}", **values)
    else:
        breach = said.text("BREACH: {clock} was due {at}", **values)
    return said.clauses((breach, _late(said, data)))


def _late(said: Words, data: Data) -> str:
    seconds = data.get("late_by_ms", 0) / 1000
    return said.text("noticed {length} late", length=said.length(seconds, short=True)) if seconds >= 1 else ""


SENTENCES: Final[Mapping[str, Callable[[Words, Data, At], str]]] = {
    "callback-agreed": _agreed,
    "promise-made": _promised,
    "countermeasure-planned": _planned,
    "case-escalated": _escalated,
    "deadline-extended": _extended,
    "deadline-retimed": _retimed,
    "reminder-issued": _reminded,
    "deadline-breached": _breached,
}
