"""What happened, event by event, in sentences, with the words that people said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final, NamedTuple

import orjson

from amends_domain.actors import is_system
from amends_platform.words import Words
from amends_store.records import StoredEvent
from amends_workflow.console.cases.kinds_of_events import Group, group_of

# A longer text is folded after so many characters.
_SHOWN_CHARACTERS: Final = 600
_ALERTS: Final = frozenset({"reminder-issued", "deadline-breached", "case-escalated"})


class Quote(NamedTuple):
    """A paragraph that somebody said or wrote. `rest` is what is folded away of a long one."""

    shown: str
    rest: str


class Entry(NamedTuple):
    """`reference` is that of the case it happened on, where that is another one. `by`: None for the system.

    `corrected_by` is the version of the entry that corrects it. `not_yet`: known, and had not happened then. `seen_by`:
    who acknowledged it, where it is an alert."""

    position: int
    version: int
    type: str
    group: Group
    sentence: str
    quotes: tuple[Quote, ...]
    by: str | None
    occurred_at: datetime
    recorded_at: datetime
    reference: str | None
    corrected_by: int | None
    not_yet: bool
    seen_by: str | None

    @property
    def is_alert(self) -> bool:
        """Whether it was told to people, of whom one says that they have seen it."""
        return self.type in _ALERTS


def timeline(
    rows: Sequence[StoredEvent],
    answers: Sequence[Mapping[str, Any]],
    words: Words,
    zone: tzinfo,
    own_reference: str,
    not_yet: Iterable[int],
    seen: Mapping[int, str],
    *,
    shows_staff: bool,
) -> list[Entry]:
    """The entries, the latest first. `answers` are the rows as the API answers them, each with its `reference`; `seen`
    says by position who acknowledged an alert. `shows_staff`: whether staff whom the complaint names are told."""
    plain = [_plain(answer, row, shows_staff=shows_staff) for answer, row in zip(answers, rows, strict=True)]
    corrected = {each["data"]["position"]: each["version"] for each in plain if each["type"] == "entry-corrected"}
    to_come = frozenset(not_yet)

    def at(text: str) -> str:
        return words.instant(text, zone)

    entries = [
        Entry(
            position=each["position"],
            version=each["version"],
            type=each["type"],
            group=group_of(each["type"]),
            sentence=words.sentence(each, at),
            quotes=tuple(_folded(text) for text in words.quoted(each)),
            by=None if is_system(each["actor"]) else each["actor"],
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            reference=None if each["reference"] == own_reference else each["reference"],
            corrected_by=corrected.get(each["position"]),
            not_yet=each["reference"] == own_reference and each["version"] in to_come,
            seen_by=seen.get(each["position"]),
        )
        for each, row in zip(plain, rows, strict=True)
    ]
    return entries[::-1]


def _plain(answer: Mapping[str, Any], row: StoredEvent, *, shows_staff: bool) -> dict[str, Any]:
    """An event as JSON would have it."""
    times = {"occurred_at": row.occurred_at.isoformat(), "recorded_at": row.recorded_at.isoformat()}
    data = orjson.loads(row.data)
    if not shows_staff:
        data.pop("complained_of", None)
    return {**answer, **times, "data": data}


def _folded(text: str) -> Quote:
    if len(text) <= _SHOWN_CHARACTERS:
        return Quote(text, "")
    # At a blank, where there is one near.
    cut = text.rfind(" ", _SHOWN_CHARACTERS - 60, _SHOWN_CHARACTERS)
    cut = cut if cut > 0 else _SHOWN_CHARACTERS
    return Quote(text[:cut], text[cut:])
