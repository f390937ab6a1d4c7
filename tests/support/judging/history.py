"""A history: everything that is known of one run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from amends_domain.policy import Policy
from amends_platform.replaying.expected import Rows
from amends_store.records import StoredEvent
from tests.support.judging.asked import Command
from tests.support.judging.lives import Life, life_of
from tests.support.notifying import Kept

TIMERS = "system:workflow"
"""The actor of what happens by itself."""

ReceiptKey = tuple[str, str]
"""Principal and idempotency key, or the key's hash in hex where no client is known to have used it."""


class ReceiptRow(NamedTuple):
    stream_id: UUID
    first_position: int
    last_position: int
    version: int


class Timer(NamedTuple):
    """A row of `timers`, or of the quarantine."""

    case_id: UUID
    clock: str
    generation: int
    step: int
    fires_at: datetime

    def __str__(self) -> str:
        name = f"{self.clock} (generation {self.generation}, step {self.step})"
        return f"case {self.case_id}: {name} of {self.fires_at.isoformat()}"


class SignedRow(NamedTuple):
    tree_size: int
    root_hash: bytes


class Said(NamedTuple):
    """How a command of our own that looks for faults ended (`amends verify`): its exit status and what it printed."""

    command: str
    status: int
    output: str


@dataclass(frozen=True)
class History:
    """What clients asked, what the database held in one moment (`at`, by its own clock), and what readers and the
    stream had soon after. `is_quiet`: nothing was under way any more, so nothing may be outstanding.

    `seen` is what a reader saw that followed the log from its beginning. `stored` is what the stream holds of cases,
    `announced` of signed checkpoints; `delivered` is what a consumer got that was there from the first message on,
    None where there was none. `planted` are the ids of messages that we put there ourselves.

    `live` are the rows of the read model; `overdue` and `quarantined` are timers; `poisoned` are clocks of our own,
    whose timers cannot fire. `checkpoints` are how far followers came, `tiled` is how many events are in the rows of
    the tree. `said` is what commands of our own that look for faults said of it all.
    """

    commands: Sequence[Command]
    log: Sequence[StoredEvent]
    policies: Mapping[str, Policy]
    at: datetime
    seen: Sequence[StoredEvent]
    stored: Sequence[Kept]
    receipts: Mapping[ReceiptKey, ReceiptRow]
    live: Mapping[UUID, Rows]
    checkpoints: Mapping[str, int]
    announced: Sequence[Kept] = ()
    delivered: Sequence[Kept] | None = None
    planted: frozenset[str] = frozenset()
    overdue: Sequence[Timer] = ()
    quarantined: Sequence[Timer] = ()
    poisoned: frozenset[str] = frozenset()
    signed: Sequence[SignedRow] = ()
    tiled: int = 0
    said: Sequence[Said] = ()
    is_quiet: bool = True

    @cached_property
    def streams(self) -> Mapping[UUID, Sequence[StoredEvent]]:
        """The events of each case, in the order of the log."""
        streams: defaultdict[UUID, list[StoredEvent]] = defaultdict(list)
        for event in self.log:
            streams[event.stream_id].append(event)
        return streams

    @cached_property
    def effects(self) -> Mapping[UUID, Sequence[StoredEvent]]:
        """What each command did, by its correlation: the timers' events, which carry it on, apart."""
        effects: defaultdict[UUID, list[StoredEvent]] = defaultdict(list)
        for event in self.log:
            if event.actor != TIMERS:
                effects[event.correlation_id].append(event)
        return effects

    @cached_property
    def by_id(self) -> Mapping[str, StoredEvent]:
        """The events by their ids, as messages write them."""
        return {str(event.id): event for event in self.log}

    @cached_property
    def lives(self) -> Mapping[UUID, Life]:
        """What follows from each stream, told event by event."""
        projected = self.checkpoints.get("read-model", 0)
        return {case_id: life_of(case_id, rows, self.policies, projected) for case_id, rows in self.streams.items()}
