"""What happened, event by event, in a sentence each; and the words of people that belong to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from amends_platform.words import alarms, dealings
from amends_platform.words.alarms import At, Data

if TYPE_CHECKING:
    from amends_platform.words.vocabulary import Words

# What is recorded this much after it happened was entered late, and one should know.
_LATE_SECONDS: Final = 120

_PERSONAL: Final = ("narrative", "text", "findings", "reason", "summary")


def sentence(said: Words, event: Mapping[str, Any], at: At) -> str:
    """An event as the workflow answers it, in a sentence; `at` writes its times, which are ISO 8601."""
    told = _told(said, event["type"], event["data"], at)
    late = (_time(event["recorded_at"]) - _time(event["occurred_at"])).total_seconds()
    # A reminder or a breach says itself how late it is, and a case from the past is no late entry.
    told_already = "late_by_ms" in event["data"] or event["data"].get("historical")
    if late <= _LATE_SECONDS or told_already:
        return told
    return told + said.text(
        " (happened {at}, entered {length} later)",
        at=at(event["occurred_at"]),
        length=said.length(late, short=True),
    )


def _told(said: Words, event_type: str, data: Data, at: At) -> str:
    if event_type in _SENTENCES:
        return _SENTENCES[event_type](said, data)
    if event_type in _SENTENCES_WITH_TIMES:
        return _SENTENCES_WITH_TIMES[event_type](said, data, at)
    return said.term("event", event_type)


def _missing(said: Words, why: str) -> str:
    match why:
        case "erased":
            return said.text("[erased: its key is destroyed]")
        case "purpose-missing":
            return said.text("[sealed: say what you read it for]")
        case _:
            return said.text("[cannot be read]")


def quoted(said: Words, event: Mapping[str, Any]) -> Iterator[str]:
    """The personal part, where the key may read it, a paragraph each."""
    missing = event.get("personal_missing")
    if missing is not None:
        yield _missing(said, missing)
    personal = event.get("personal") or {}
    customer = personal.get("customer")
    if customer:
        yield said.listed(
            f"{said.term('customer', name)} {value}" for name, value in customer.items() if isinstance(value, str)
        )
    for name in _PERSONAL:
        if personal.get(name):
            yield str(personal[name])
    for countermeasure in personal.get("countermeasures") or ():
        yield f"- {countermeasure}"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


_SENTENCES: Final[Mapping[str, Callable[[Words, Data], str]]] = dealings.SENTENCES
_SENTENCES_WITH_TIMES: Final[Mapping[str, Callable[[Words, Data, At], str]]] = alarms.SENTENCES
