"""What a client asked for and what it was told: one command, all its sendings, every answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

import orjson

FORESEEN = frozenset({"urn:amends:problem:deadline-expired", "urn:amends:problem:in-the-past"})
"""The refusals that any client may meet: a clock ran out before its command got through."""

MOVED_ON = "urn:amends:problem:version-mismatch"
"""The one that a client may meet who names a version."""


class Outcome(Enum):
    """What a client knows of its command. UNKNOWN: some sending was answered by nobody, or by an error of the server's,
    and none was answered well."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Answer(NamedTuple):
    """An answer to one sending; times are seconds of a clock that never runs back, the same for all clients."""

    status: int
    content: bytes
    sent_at: float
    answered_at: float

    @property
    def is_taken(self) -> bool:
        return self.status in (200, 201)

    @property
    def is_refused(self) -> bool:
        return 400 <= self.status < 500

    @property
    def said(self) -> dict[str, Any]:
        """The document; empty where it is none."""
        try:
            said = orjson.loads(self.content)
        except orjson.JSONDecodeError:
            return {}
        return said if isinstance(said, dict) else {}


@dataclass
class Command:
    """One command of one client: the client lists it before it is sent, and adds to it what comes back.

    `correlation_id` is that of the trace it is sent under, which stands in its events. `events`: how many it makes when
    it is taken; None where that cannot be said beforehand. `if_match`: the only version of its case that it is for.
    `foreseen`: the problem types that may refuse it. `sent`: how often it went out, answered or not.
    """

    correlation_id: UUID
    actor: str
    key: str
    path: str
    body: bytes
    events: int | None = 1
    if_match: int | None = None
    foreseen: frozenset[str] = FORESEEN
    sent: int = 0
    first_sent_at: float = 0.0
    answers: list[Answer] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.path} (key {self.key} of {self.actor}, sent {self.sent} times)"

    def goes_out(self, at: float) -> None:
        """It is sent, once more perhaps, at this time."""
        if self.sent == 0:
            self.first_sent_at = at
        self.sent += 1

    @property
    def outcome(self) -> Outcome:
        if self.taken is not None:
            return Outcome.TAKEN
        refused = sum(answer.is_refused for answer in self.answers)
        return Outcome.REFUSED if 0 < refused == self.sent else Outcome.UNKNOWN

    @property
    def taken(self) -> Answer | None:
        """The first answer that it was taken."""
        return next((answer for answer in self.answers if answer.is_taken), None)

    @property
    def refusals(self) -> Sequence[Answer]:
        return [answer for answer in self.answers if answer.is_refused]
