"""Histories made up of what happened, as a run that keeps every promise would leave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson

from amends_domain.case import Case
from amends_domain.event_codec import encode
from amends_domain.events import Event, Recorded
from amends_domain.evolve import evolve
from amends_domain.policy import Policy
from amends_notifier.messages import message_of
from amends_store.leaf import leaf_hash
from amends_store.merkle import root_of
from amends_store.records import StoredEvent
from amends_store.tiles import TILE_HASHES
from tests.support.judging.asked import Answer, Command
from tests.support.judging.history import TIMERS, History, ReceiptKey, ReceiptRow, SignedRow
from tests.support.judging.lives import life_of
from tests.support.notifying import Kept


@dataclass
class Run:
    """A run of the system as it would be recorded, answered and published, event by event. Whatever one person has
    recorded of one case at one time is one command."""

    policies: Mapping[str, Policy]
    log: list[StoredEvent] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    messages: list[Kept] = field(default_factory=list)
    receipts: dict[ReceiptKey, ReceiptRow] = field(default_factory=dict)
    cases: dict[UUID, Case] = field(default_factory=dict)

    def takes(self, case_id: UUID, told: Recorded) -> None:
        """An event of a life; its position is the next one here, whatever it was there."""
        before = self.log[-1] if self.log else None
        position = len(self.log) + 1
        belongs = (
            before is not None
            and told.actor != TIMERS
            and (before.stream_id, before.actor, before.recorded_at) == (case_id, told.actor, told.recorded_at)
        )
        row = StoredEvent(
            position=position,
            stream_id=case_id,
            version=told.version,
            id=UUID(int=0x77 << 112 | position),
            type=told.event.TYPE,
            schema_version=1,
            occurred_at=told.occurred_at,
            recorded_at=told.recorded_at,
            tenant="default",
            actor=told.actor,
            correlation_id=before.correlation_id
            if before is not None and belongs
            else UUID(int=0x78 << 112 | position),
            causation_id=None,
            policy_hash=None if told.policy is None else bytes.fromhex(told.policy),
            data=orjson.dumps(encode(told.event)[0]).decode(),
            sealed=None,
            key_id=None,
            leaf_hash=b"",
        )
        row = row._replace(leaf_hash=leaf_hash(row))
        case = evolve(self.cases.get(case_id), case_id, told._replace(position=position))
        self.log.append(row)
        self.cases[case_id] = case
        message = message_of(row, told.event, case)
        self.messages.append(Kept(position, message.subject, message.headers, message.payload))
        if told.actor != TIMERS:
            self._answered(row, is_more=belongs)

    def happens(self, case_id: UUID, event: Event, at: datetime, *, by: str = "dev-agent") -> None:
        """A fact, recorded when it happened."""
        case = self.cases.get(case_id)
        version, policy = 1 if case is None else case.version + 1, next(iter(self.policies))
        self.takes(case_id, Recorded(len(self.log) + 1, version, event, at, at, policy, by))

    def history(self, at: datetime) -> History:
        """What is known of it once all is quiet."""
        head = len(self.log)
        streams: dict[UUID, list[StoredEvent]] = {}
        for event in self.log:
            streams.setdefault(event.stream_id, []).append(event)
        sealed = head // TILE_HASHES * TILE_HASHES
        sizes = sorted({1, sealed, head} - {0})
        return History(
            commands=self.commands,
            log=self.log,
            policies=self.policies,
            at=at,
            seen=list(self.log),
            stored=self.messages,
            delivered=list(self.messages),
            receipts=self.receipts,
            live={case_id: life_of(case_id, rows, self.policies, head).rows for case_id, rows in streams.items()},
            checkpoints={"read-model": head, "notifier": head, "sealer": sealed},
            signed=[SignedRow(size, root_of([event.leaf_hash for event in self.log[:size]])) for size in sizes],
            tiled=sealed,
        )

    def _answered(self, row: StoredEvent, *, is_more: bool) -> None:
        """One more event of the command that it is of."""
        if is_more:
            command = self.commands[-1]
            command.events = (command.events or 0) + 1
        else:
            command = Command(row.correlation_id, row.actor, f"key-{row.position}", row.type, b"")
            command.goes_out(float(row.position))
            self.commands.append(command)
        told = {"id": str(row.stream_id), "position": row.position, "version": row.version}
        command.answers[:] = [Answer(200, orjson.dumps(told), command.first_sent_at, row.position + 0.5)]
        first = row.position - (command.events or 1) + 1
        self.receipts[row.actor, command.key] = ReceiptRow(row.stream_id, first, row.position, row.version)


def run_of(told: Sequence[tuple[UUID, Recorded]], policies: Mapping[str, Policy]) -> Run:
    """A run in which these events were recorded, in this order."""
    run = Run(policies)
    for case_id, recorded in told:
        run.takes(case_id, recorded)
    return run
