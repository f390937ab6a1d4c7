"""Bundles without a database: a told life among other people's events, in a log that somebody has signed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson

from amends_domain.clocks import obligations
from amends_domain.commands import Command, FollowUp, MakePromise, RecordContact
from amends_domain.event_codec import encode
from amends_domain.events import DeadlineBreached, Event
from amends_platform.evidence.bundle import make_bundle
from amends_platform.evidence.notes import Signer
from amends_platform.evidence.policy_files import PolicySource
from amends_platform.evidence.subject import ERASED, Subject, Words, subject_of
from amends_platform.evidence.tree_head import SignedCheckpoint, TreeHead
from amends_platform.policy.files import load_policy
from amends_store.leaf import leaf_bytes, leaf_hash
from amends_store.records import StoredEvent
from tests.support.lives import (
    APOLOGY,
    CASE_ID,
    FINDING,
    HANDLER,
    HEAD,
    MONDAY,
    ON_THE_SPOT,
    Life,
    actor,
    default_policy,
    receive,
)
from tests.support.rfc9162 import Tree

ORIGIN = "amends/default"
SIGNER = Signer(ORIGIN, hashlib.sha256(b"the log's").digest())
STRANGER = Signer(ORIGIN, hashlib.sha256(b"somebody else's").digest())

NARRATIVE = (
    "上周五下午三点左右，我在北街支行的自动柜员机取款两千元，机器吐了钞又收了回去。\n"
    "“这不归我们管”，柜台的人说；我等了四十分钟。\n"
    "I am 68, and <b>nobody</b> & nothing helped."
)
CUSTOMER = {"name": "陈美丽", "phone": "555-0142"}


@dataclass(frozen=True)
class Told:
    """A life with its rows as the log has them: every third event is this case's."""

    life: Life
    rows: tuple[StoredEvent, ...] = ()
    words: Mapping[int, Words] = field(default_factory=dict)

    def does(self, command: Command, *, later: timedelta = timedelta(), by: Any = HANDLER) -> Told:
        life = self.life.later(seconds=later.total_seconds())
        decided = life.decided(command, by)
        assert isinstance(decided, tuple), decided
        return replace(self, life=life).recorded(*decided, by=by.id)

    def recorded(self, *events: Event, by: str, occurred_at: datetime | None = None) -> Told:
        rows, words = list(self.rows), dict(self.words)
        life = self.life
        for event in events:
            rows.append(_row(event, len(rows) + 1, life, by, occurred_at))
            personal = encode(event)[1]
            if personal:
                words[len(rows)] = Words(orjson.loads(orjson.dumps(personal)))
            life = life.happened(event, occurred_at=occurred_at)
        return replace(self, life=life, rows=tuple(rows), words=words)

    def breached(self) -> Told:
        """What is overdue is recorded as the timers record it."""
        told = self
        for deadline in obligations(self.life.told, self.life.policies):
            if deadline.ended_at is None and deadline.due_at <= self.life.now:
                event = DeadlineBreached(deadline.kind, deadline.generation, deadline.due_at)
                told = told.recorded(event, by="system:timers", occurred_at=deadline.due_at)
        return told

    def subject(self) -> Subject:
        explanations = {
            (each.kind, each.generation): f"The clock {each.kind} was explained."
            for each in obligations(self.life.told, self.life.policies)
        }
        return subject_of(CASE_ID, self.rows, self.life.policies, self.words, explanations)


@cache
def a_life() -> Told:
    """A complaint with a broken promise, words in two languages, and a follow-up that was entered late."""
    told = Told(Life(default_policy(), MONDAY))
    told = told.does(receive(narrative=NARRATIVE, customer=CUSTOMER, flags=("vulnerable",)), by=actor("agent"))
    told = told.does(APOLOGY, by=actor("agent"))
    told = told.does(RecordContact("inbound", "phone", True, "客户来电询问进展。", True), later=timedelta(hours=3))
    told = told.does(MakePromise("今天下班前到账", told.life.now + timedelta(hours=2)))
    told = replace(told, life=told.life.later(hours=4)).breached()
    for command in (FINDING, ON_THE_SPOT.proposal, ON_THE_SPOT.confirmation):
        told = told.does(command, by=HEAD)
    return told.does(FollowUp(True, 8, "满意"), later=timedelta(days=2))


def erased(subject: Subject) -> Subject:
    """The same case after the customer's key was destroyed."""
    assert subject.words is not None
    return replace(subject, words={version: Words(None, ERASED) for version in subject.words})


def tree_of(rows: Sequence[StoredEvent]) -> Tree:
    """The log that has these events at their positions, strangers' in between, and some after them."""
    leaves = {row.position: leaf_bytes(row) for row in rows}
    return Tree([leaves.get(position, b"stranger %d" % position) for position in range(1, rows[-1].position + 50)])


def checkpoint_of(tree: Tree, size: int, signer: Signer = SIGNER, origin: str = ORIGIN) -> SignedCheckpoint:
    root = tree.head(size)
    return SignedCheckpoint(size, root, MONDAY, signer.sign(TreeHead(origin, size, root).text()))


def sources(subject: Subject) -> dict[str, PolicySource]:
    """The policies as the database keeps them."""
    loaded = load_policy("bank-cn")
    assert set(subject.policies) == {loaded.policy.hash}
    return {loaded.policy.hash: PolicySource(loaded.document, orjson.dumps(loaded.calendar).decode())}


def bundle_of(subject: Subject, *, signer: Signer = SIGNER, size: int | None = None, with_pdf: bool = False) -> bytes:
    """The bundle of a case, proven by a checkpoint of `size` events (else a little more than its last position)."""
    tree = tree_of(subject.events)
    size = size or subject.case.position + 20
    proofs = [tree.path(row.position - 1, size) for row in subject.events]
    checkpoint = checkpoint_of(tree, size, signer)
    return make_bundle(subject, proofs, checkpoint, sources(subject), signer, with_pdf=with_pdf)


def _row(event: Event, version: int, life: Life, by: str, occurred_at: datetime | None) -> StoredEvent:
    clear, personal = encode(event)
    policy_hash = bytes.fromhex(life.policy.hash)
    row = StoredEvent(
        position=3 * version + 100,
        stream_id=CASE_ID,
        version=version,
        id=uuid5(NAMESPACE_URL, f"event {version}"),
        type=event.TYPE,
        schema_version=event.SCHEMA_VERSION,
        occurred_at=(occurred_at or life.now).astimezone(UTC),
        recorded_at=life.now,
        tenant="default",
        actor=by,
        correlation_id=uuid5(NAMESPACE_URL, "request"),
        causation_id=None,
        policy_hash=policy_hash,
        data=orjson.dumps(clear).decode(),
        sealed=hashlib.sha256(b"%d" % version).digest() * 2 if personal else None,
        key_id=uuid5(NAMESPACE_URL, "key") if personal else None,
        leaf_hash=b"",
    )
    return row._replace(leaf_hash=leaf_hash(row))
