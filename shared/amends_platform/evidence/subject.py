"""A case as evidence tells of it: its events, who may read what of them, and the case and clocks they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.evolve import fold
from amends_domain.policy import Policy
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline
from amends_platform.recorded import all_recorded
from amends_store.records import StoredEvent

ERASED, UNREADABLE = "erased", "unreadable"
"""Why the words of an event are missing: their key is gone, or does not open them."""


class Words(NamedTuple):
    """The unsealed part of an event; or None and why it is missing."""

    personal: Mapping[str, Any] | None
    missing: str | None = None


# By version of the case; the events that have no sealed part are not in it.
WordsByVersion = Mapping[int, Words]


@dataclass(frozen=True)
class Subject:
    """What a bundle is about, as it stood after the last of `events`.

    `words` is None where personal data is left out. `explanations` tell of each run of a clock, by kind and
    generation, why it is due when it is.
    """

    case: Case
    events: tuple[StoredEvent, ...]
    policies: Mapping[str, Policy]
    deadlines: tuple[Deadline, ...]
    words: WordsByVersion | None
    explanations: Mapping[tuple[str, int], str]

    @property
    def reference(self) -> str:
        return reference_of(self.case.first_position)

    @property
    def tenant(self) -> str:
        return self.events[0].tenant

    @property
    def zone(self) -> ZoneInfo:
        """Where the case was received, by its policy."""
        first = self.events[0].policy_hash
        return _UTC if first is None else self.policies[first.hex()].calendar.timezone

    def local(self, at: datetime) -> str:
        """A time as people at the desk write it, with its distance from UTC."""
        return at.astimezone(self.zone).isoformat(" ", "seconds")

    def told(self, event: StoredEvent) -> dict[str, Any]:
        """The event in the shape in which `sentences` reads it."""
        words = None if self.words is None else self.words.get(event.version)
        return {
            "type": event.type,
            "data": orjson.loads(event.data),
            "occurred_at": event.occurred_at.isoformat(),
            "recorded_at": event.recorded_at.isoformat(),
            "personal": None if words is None else words.personal,
            "personal_missing": None if words is None else words.missing,
        }


def subject_of(
    case_id: UUID,
    events: tuple[StoredEvent, ...],
    policies: Mapping[str, Policy],
    words: WordsByVersion | None = None,
    explanations: Mapping[tuple[str, int], str] | None = None,
) -> Subject:
    """The case that the events make. Raises BrokenStream, UnknownEventType, UnknownPolicy."""
    case = fold(None, case_id, all_recorded(events))
    assert case is not None, "there is at least one event"
    deadlines = obligations(case, policies)
    used = {policy_hash: policies[policy_hash] for policy_hash in policies_used(events)}
    return Subject(case, events, used, deadlines, words, explanations or {})


def policies_used(events: tuple[StoredEvent, ...]) -> list[str]:
    """The hashes of the policies that the events depended on, each once, in their order."""
    return list(dict.fromkeys(event.policy_hash.hex() for event in events if event.policy_hash is not None))


_UTC: Final = ZoneInfo("UTC")
