"""The judge of a history: what clients were told, what the log holds, what its readers and subscribers saw, and what
the read model says, held against one another. It knows the promises, and nothing of how they are kept.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import asyncpg

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.events import CaseEscalated, DeadlineBreached, Recorded, ReminderIssued
from amends_domain.evolve import fold
from amends_domain.firings import ladder, warnings
from amends_domain.policy import Policy
from amends_domain.runs import Deadline, Verdict
from amends_platform.policy.book import PolicyBook
from amends_platform.recorded import all_recorded
from amends_store.leaf import leaf_hash
from amends_store.read import head_position, read_log
from amends_store.records import StoredEvent
from tests.support.listening import everything
from tests.support.load import Command
from tests.support.notifying import Kept

TIMERS = "system:workflow"
# The refusals that a client of the load may meet: a clock ran out before its command got through.
_REFUSALS = ("urn:amends:problem:deadline-expired", "urn:amends:problem:in-the-past")


class ReceiptRow(NamedTuple):
    stream_id: UUID
    last_position: int
    version: int


@dataclass(frozen=True)
class History:
    """Everything that is known of one run, after it has become quiet. `live` are the rows of the read model."""

    commands: Sequence[Command]
    log: Sequence[StoredEvent]
    seen: Sequence[StoredEvent]
    messages: Sequence[Kept]
    receipts: Mapping[tuple[str, str], ReceiptRow]
    live_cases: Mapping[UUID, Mapping[str, Any]]
    live_deadlines: Mapping[UUID, Mapping[tuple[str, int], Mapping[str, Any]]]
    timers_left: int
    policies: Mapping[str, Policy]
    at: datetime


class Recorder(Protocol):
    """What kept the history."""

    @property
    def nats_url(self) -> str: ...

    def database(self) -> AbstractAsyncContextManager[asyncpg.Connection]: ...


async def history_of(system: Recorder, commands: Sequence[Command], seen: Sequence[StoredEvent]) -> History:
    """The history of a quiet system. `seen` is what a reader saw that followed the log from its beginning."""
    async with system.database() as conn:
        book = PolicyBook(conn)
        await book.refresh()
        deadlines: defaultdict[UUID, dict[tuple[str, int], Mapping[str, Any]]] = defaultdict(dict)
        for row in await conn.fetch("SELECT * FROM deadlines"):
            deadlines[row["case_id"]][row["clock"], row["generation"]] = row
        return History(
            commands=tuple(commands),
            log=await read_log(conn, after=0, limit=await head_position(conn)),
            seen=tuple(seen),
            messages=await everything(system.nats_url),
            receipts=await _receipts(conn, commands),
            live_cases={row["id"]: row for row in await conn.fetch("SELECT * FROM cases")},
            live_deadlines=deadlines,
            timers_left=await conn.fetchval("SELECT count(*) FROM timers"),
            policies=book.known,
            at=await conn.fetchval("SELECT log_now()"),
        )


def judge(history: History) -> list[str]:
    """Every promise that the history breaks, a sentence each; none when all were kept."""
    streams: defaultdict[UUID, list[StoredEvent]] = defaultdict(list)
    for event in history.log:
        streams[event.stream_id].append(event)
    found = [
        *_the_log_is_whole(history.log, streams),
        *_a_reader_saw_the_log_as_it_is(history),
        *_every_command_has_its_one_effect(history),
        *_every_event_got_out_in_order(history),
    ]
    if not found:
        # Only a whole log can be folded.
        for case_id, rows in streams.items():
            recorded = all_recorded(rows)
            case = fold(None, case_id, recorded)
            assert case is not None
            deadlines = obligations(case, history.policies)
            found += _clocks_did_their_work(case, deadlines, recorded, history.at)
            found += _the_read_model_agrees(case, deadlines, history)
        found += [f"the read model has case {each}, the log has not" for each in history.live_cases.keys() - streams]
        if history.timers_left:
            found.append(f"{history.timers_left} timers are left when all is quiet")
    return found


def _the_log_is_whole(log: Sequence[StoredEvent], streams: Mapping[UUID, list[StoredEvent]]) -> Iterator[str]:
    if [event.position for event in log] != list(range(1, len(log) + 1)):
        yield "positions are not 1, 2, 3 …"
    for case_id, events in streams.items():
        if [event.version for event in events] != list(range(1, len(events) + 1)):
            yield f"case {case_id}: versions are {[event.version for event in events]}"
    for before, after in pairwise(log):
        if after.recorded_at < before.recorded_at:
            yield f"position {after.position} is recorded before the one before it"
    for event in log:
        if leaf_hash(event) != event.leaf_hash:
            yield f"position {event.position}: the leaf hash is not that of the event"
    yield from _repeated("event id", (event.id for event in log))


def _a_reader_saw_the_log_as_it_is(history: History) -> Iterator[str]:
    if len(history.seen) != len(history.log):
        yield f"a reader saw {len(history.seen)} events, the log has {len(history.log)}"
    for seen, kept in zip(history.seen, history.log, strict=False):
        if seen != kept:
            yield f"position {kept.position} is not what a reader saw there"


def _every_command_has_its_one_effect(history: History) -> Iterator[str]:
    effects: defaultdict[UUID, list[StoredEvent]] = defaultdict(list)
    for event in history.log:
        if event.actor != TIMERS:
            effects[event.correlation_id].append(event)
    sent = {command.correlation_id for command in history.commands}
    yield from (f"events of a command that nobody sent: {each}" for each in effects.keys() - sent)
    yield from _repeated("command", (command.correlation_id for command in history.commands))
    for command in history.commands:
        events = effects.get(command.correlation_id, [])
        if command.is_taken:
            yield from _acknowledged(command, events, history.receipts)
            continue
        if command.answer.get("type") not in _REFUSALS:
            yield f"{command.path}: answered {command.status} {command.content.decode()}"
        if events or (command.actor, command.key) in history.receipts:
            yield f"{command.path}: refused with {command.status}, yet recorded"
    taken = {(command.actor, command.key) for command in history.commands if command.is_taken}
    yield from (f"a receipt of a command that nobody was told of: {each}" for each in history.receipts.keys() - taken)


def _acknowledged(
    command: Command, events: list[StoredEvent], receipts: Mapping[tuple[str, str], ReceiptRow]
) -> Iterator[str]:
    answer, name = command.answer, f"{command.path} (key {command.key}, sent {command.attempts} times)"
    if len(events) != command.events:
        yield f"{name}: acknowledged, and the log has {len(events)} of its {command.events} events"
        return
    last = events[-1]
    told = UUID(answer["id"]), answer["position"], answer["version"]
    if told != (last.stream_id, last.position, last.version):
        yield f"{name}: answered {told}, recorded as {(last.stream_id, last.position, last.version)}"
    if {event.actor for event in events} != {command.actor}:
        yield f"{name}: recorded for another than {command.actor}"
    if last.position - events[0].position != len(events) - 1:
        yield f"{name}: its events are not in a row"
    if receipts.get((command.actor, command.key)) != told:
        yield f"{name}: its receipt says {receipts.get((command.actor, command.key))}"


def _every_event_got_out_in_order(history: History) -> Iterator[str]:
    events = {str(event.id): event for event in history.log}
    first: dict[str, Kept] = {}
    reached: dict[UUID, int] = {}
    for message in history.messages:
        event = events.get(message.id)
        if event is None:
            yield f"message {message.sequence} tells of {message.id}, which is not in the log"
            continue
        if message.headers.get("Nats-Msg-Id") != message.id:
            yield f"message {message.sequence} has another Nats-Msg-Id than ce-id"
        if message.id in first:
            if replace(first[message.id], sequence=message.sequence) != message:
                yield f"position {event.position} was told twice, differently"
            continue
        first[message.id] = message
        if message.said["position"] != event.position:
            yield f"message {message.sequence} says position {message.said['position']}, not {event.position}"
        if event.version != reached.get(event.stream_id, 0) + 1:
            yield f"case {event.stream_id}: version {event.version} came after {reached.get(event.stream_id, 0)}"
        reached[event.stream_id] = event.version
    yield from (
        f"position {event.position} ({event.type}) never got out" for id_, event in events.items() if id_ not in first
    )


def _clocks_did_their_work(
    case: Case, deadlines: Sequence[Deadline], recorded: Sequence[Recorded], now: datetime
) -> Iterator[str]:
    breaches: defaultdict[tuple[str, int], list[Recorded]] = defaultdict(list)
    reminders: defaultdict[tuple[str, int, int], list[Recorded]] = defaultdict(list)
    climbed: defaultdict[tuple[str, int, int], list[Recorded]] = defaultdict(list)
    for each in recorded:
        if isinstance(each.event, DeadlineBreached):
            breaches[each.event.clock, each.event.generation].append(each)
        elif isinstance(each.event, ReminderIssued):
            reminders[each.event.clock, each.event.generation, each.event.step].append(each)
        elif isinstance(each.event, CaseEscalated) and each.event.clock is not None:
            step = each.event.clock, each.event.generation or 0, each.event.step or 0
            climbed[step].append(each)
    for what, times in [*breaches.items(), *reminders.items(), *climbed.items()]:
        if len(times) > 1:
            yield f"case {case.id}: {what} fired {len(times)} times"
    for deadline in deadlines:
        name = f"case {case.id}: {deadline.kind} {deadline.generation}"
        breach = next(iter(breaches.pop((deadline.kind, deadline.generation), [])), None)
        issued = {
            step: fired.pop()
            for step in range(len(deadline.rule.warnings))
            if (fired := reminders.pop((deadline.kind, deadline.generation, step), []))
        }
        yield from (f"{name}: {text}" for text in _breach_of(deadline, breach, now))
        yield from (f"{name}: {text}" for text in _reminders_of(deadline, issued))
        wanted = {step: (role, at) for step, role, at in ladder(deadline, case.grade)}
        steps = {
            step: fired.pop()
            for step in wanted
            if (fired := climbed.pop((deadline.kind, deadline.generation, step), []))
        }
        yield from (f"{name}: {text}" for text in _ladder_of(deadline, wanted, steps, now))
    yield from (f"case {case.id}: {what} fired for no deadline" for what in (*breaches, *reminders, *climbed))


def _breach_of(deadline: Deadline, breach: Recorded | None, now: datetime) -> Iterator[str]:
    due_at = deadline.due_at
    # Said without the verdict: what ended by its due time is no breach, and everything else is one once it is due.
    in_time = deadline.ended_at is not None and deadline.ended_at <= due_at
    if in_time or now < due_at:
        if breach is not None:
            yield f"breached at {breach.recorded_at}, though it was due at {due_at} and ended at {deadline.ended_at}"
        return
    if breach is None:
        yield f"due at {due_at}, ended at {deadline.ended_at}, and no breach is recorded"
        return
    if breach.occurred_at != due_at or breach.recorded_at < due_at:
        yield f"due at {due_at}, breach of {breach.occurred_at} recorded at {breach.recorded_at}"
    if deadline.status is not Verdict.BREACHED:
        yield f"breached, and called {deadline.status}"


def _reminders_of(deadline: Deadline, issued: Mapping[int, Recorded]) -> Iterator[str]:
    wanted = {step: at for step, _, at in warnings(deadline)}
    for step, reminder in issued.items():
        if step not in wanted:
            yield f"reminder {step} is none of its warnings"
        elif reminder.occurred_at != wanted[step] or reminder.recorded_at < wanted[step]:
            yield f"reminder {step} of {reminder.occurred_at}, wanted at {wanted[step]}, at {reminder.recorded_at}"
        if deadline.ended_at is not None and reminder.recorded_at > deadline.ended_at:
            yield f"reminder {step} was issued after it had ended"
    if deadline.ended_at is None and (missing := wanted.keys() - issued.keys()):
        yield f"nothing ended it, and reminders {sorted(missing)} never came"


def _ladder_of(
    deadline: Deadline, wanted: Mapping[int, tuple[str, datetime]], steps: Mapping[int, Recorded], now: datetime
) -> Iterator[str]:
    for step, recorded in steps.items():
        role, at = wanted[step]
        assert isinstance(recorded.event, CaseEscalated)
        if (recorded.event.to, recorded.occurred_at) != (role, at) or recorded.recorded_at < at:
            yield f"step {step} to {recorded.event.to} of {recorded.occurred_at}, wanted to {role} at {at}"
        if deadline.ended_at is not None and recorded.recorded_at > deadline.ended_at:
            yield f"step {step} was taken after it had ended"
    if deadline.ended_at is None:
        missing = sorted(step for step, (_, at) in wanted.items() if at <= now and step not in steps)
        if missing:
            yield f"nothing ended it, and steps {missing} of its ladder never came"


def _the_read_model_agrees(case: Case, deadlines: Sequence[Deadline], history: History) -> Iterator[str]:
    row = history.live_cases.get(case.id)
    if row is None:
        yield f"the read model lacks case {case.id}"
        return
    for name in ("version", "position", "cycle", "owner", "grade", "branch"):
        if row[name] != getattr(case, name):
            yield f"case {case.id}: {name} is {row[name]} in the read model, {getattr(case, name)} by the log"
    if row["state"] != case.status.value:
        yield f"case {case.id}: state is {row['state']} in the read model, {case.status.value} by the log"
    live = {
        run: (each["status"], each["due_at"], each["ended_at"], each["breach_recorded"])
        for run, each in history.live_deadlines.get(case.id, {}).items()
    }
    by_the_log = {
        (each.kind, each.generation): (each.status.value, each.due_at, each.ended_at, each.breach_recorded)
        for each in deadlines
    }
    if live != by_the_log:
        yield f"case {case.id}: deadlines are {live} in the read model, {by_the_log} by the log"


async def _receipts(conn: asyncpg.Connection, commands: Sequence[Command]) -> dict[tuple[str, str], ReceiptRow]:
    """By principal and key, which the database has as a hash: one that nobody sent stays that."""
    sent = {hashlib.sha256(command.key.encode()).digest(): command.key for command in commands}
    rows = await conn.fetch("SELECT principal, key_hash, stream_id, last_position, version FROM hashed_receipts")
    return {
        (row["principal"], sent.get(row["key_hash"], row["key_hash"].hex())): ReceiptRow(
            row["stream_id"], row["last_position"], row["version"]
        )
        for row in rows
    }


def _repeated(what: str, values: Iterable[object]) -> Iterator[str]:
    yield from (f"{what} {value} stands there {times} times" for value, times in Counter(values).items() if times > 1)
