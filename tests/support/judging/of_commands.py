"""What clients are promised: what is acknowledged is there as it was said, once; what is refused left no trace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from uuid import UUID

from amends_store.records import StoredEvent
from tests.support.judging.asked import Answer, Command, Outcome
from tests.support.judging.history import TIMERS, History, ReceiptKey, ReceiptRow

# What is sent too fast is refused as such, and may be sent again.
_TOO_MANY = 429


def what_is_acknowledged_is_in_the_log(history: History) -> Iterator[str]:
    """With all its events, where the answer says, by who asked for it."""
    for command in history.commands:
        if command.taken is None:
            continue
        events = history.effects.get(command.correlation_id, ())
        if not events or (command.events is not None and len(events) < command.events):
            yield f"{command}: answered {_told(command.taken)}, and {_has(events)}, not {command.events or 'some'}"
            continue
        told = command.taken.said
        last = next((event for event in reversed(events) if str(event.stream_id) == told.get("id")), None)
        if last is None or (told.get("position"), told.get("version")) != (last.position, last.version):
            yield f"{command}: answered {_told(command.taken)}, and {_has(events)}"
        if any(event.actor != command.actor for event in events):
            yield f"{command}: recorded as done by {sorted({event.actor for event in events})}"


def commands_have_one_effect(history: History) -> Iterator[str]:
    """However often it is sent, and whatever is known of it: its events are there once and in a row, or not at all."""
    for command in history.commands:
        events = history.effects.get(command.correlation_id, ())
        if events and command.events is not None and len(events) != command.events:
            yield f"{command}: {_has(events)}, not {command.events}"
            continue
        for case_id, own in _by_stream(events).items():
            if any(after.position != before.position + 1 for before, after in pairwise(own)):
                yield f"{command}: its events of case {case_id} are not in a row, for {_has(own)}"
            elif own[0].recorded_at != own[-1].recorded_at:
                yield f"{command}: its events of case {case_id} are not of one moment, for {_has(own)}"


def what_is_for_a_version_finds_it(history: History) -> Iterator[str]:
    """A command that names a version is done on that version or not at all."""
    for command in history.commands:
        events = history.effects.get(command.correlation_id)
        if command.if_match is not None and events and events[0].version != command.if_match + 1:
            yield f"{command}: it was for version {command.if_match}, and {_has(events)}"


def what_is_refused_leaves_no_trace(history: History) -> Iterator[str]:
    """Neither an event nor a receipt."""
    others = {(command.actor, command.key) for command in history.commands if command.outcome is not Outcome.REFUSED}
    left = history.receipts.keys() - others
    for command in history.commands:
        if command.outcome is not Outcome.REFUSED:
            continue
        refused = f"{command}: refused {_told(command.refusals[0])}"
        if events := history.effects.get(command.correlation_id):
            yield f"{refused}, and {_has(events)}"
        if (command.actor, command.key) in left:
            yield f"{refused}, and its receipt says {_says(history.receipts[command.actor, command.key])}"


def refusals_are_foreseen(history: History) -> Iterator[str]:
    """Nobody is refused what they may do: neither a fault nor another's haste is a reason."""
    for command in history.commands:
        for answer in command.refusals:
            if answer.status != _TOO_MANY and answer.said.get("type") not in command.foreseen:
                yield f"{command}: refused {_told(answer)}"


def repeats_get_the_same_answer(history: History) -> Iterator[str]:
    """Byte for byte; and what was taken is not refused to whoever asks again."""
    for command in history.commands:
        first = command.taken
        if first is None:
            continue
        for answer in command.answers:
            if answer.is_taken and (answer.status, answer.content) != (first.status, first.content):
                yield f"{command}: answered {_told(first)}, and again {_told(answer)}"
            if answer.is_refused and answer.status != _TOO_MANY and answer.sent_at > first.answered_at:
                yield f"{command}: answered {_told(first)}, and refused when it was sent again: {_told(answer)}"


def receipts_say_what_is_recorded(history: History) -> Iterator[str]:
    """Every recorded command of a client has one, which names its events; and there is no other."""
    wanted: set[ReceiptKey] = set()
    for command in history.commands:
        events = history.effects.get(command.correlation_id, ())
        if not events:
            continue
        wanted.add((command.actor, command.key))
        receipt = history.receipts.get((command.actor, command.key))
        own = [] if receipt is None else _by_stream(events).get(receipt.stream_id, [])
        if not own or receipt != (own[0].stream_id, own[0].position, own[-1].position, own[-1].version):
            yield f"{command}: {_has(events)}, and its receipt says {_says(receipt)}"
    for key in history.receipts.keys() - wanted:
        yield f"the receipt of {key[0]}'s key {key[1]} says {_says(history.receipts[key])}: the log has no such command"


def everything_was_asked_for(history: History) -> Iterator[str]:
    """No event but those of the timers is there without somebody's command."""
    sent = {command.correlation_id for command in history.commands}
    for event in history.log:
        if event.actor != TIMERS and event.correlation_id not in sent:
            named = f"{event.type} of case {event.stream_id}, by {event.actor}"
            yield f"position {event.position} ({named}): nobody sent it"


def what_was_answered_first_stands_first(history: History) -> Iterator[str]:
    """A command that is sent after another was answered stands behind it in the log."""
    answered: list[tuple[float, int]] = []
    first_sent: list[tuple[float, int, Command]] = []
    for command in history.commands:
        events = history.effects.get(command.correlation_id)
        if events:
            first_sent.append((command.first_sent_at, events[0].position, command))
            if command.taken is not None:
                answered.append((command.taken.answered_at, events[-1].position))
    answered.sort(reverse=True)
    reached = 0
    for sent_at, position, command in sorted(first_sent, key=lambda each: each[0]):
        while answered and answered[-1][0] < sent_at:
            reached = max(reached, answered.pop()[1])
        if position < reached:
            yield f"{command}: at position {position}, and position {reached} was answered before it was sent"


def _by_stream(events: Sequence[StoredEvent]) -> dict[UUID, list[StoredEvent]]:
    streams: defaultdict[UUID, list[StoredEvent]] = defaultdict(list)
    for event in events:
        streams[event.stream_id].append(event)
    return streams


def _has(events: Sequence[StoredEvent]) -> str:
    if not events:
        return "the log has none of its events"
    there = (f"{each.type} at {each.position} (version {each.version} of {each.stream_id})" for each in events[:5])
    return f"the log has {', '.join(there)}"


def _says(receipt: ReceiptRow | None) -> str:
    if receipt is None:
        return "nothing: it is not there"
    return f"{receipt.first_position} to {receipt.last_position}, version {receipt.version} of {receipt.stream_id}"


def _told(answer: Answer) -> str:
    said = answer.said
    if answer.is_taken:
        return f"{answer.status} ({', '.join(f'{name} {said.get(name)}' for name in ('id', 'position', 'version'))})"
    return f"{answer.status} ({said.get('type', answer.content[:200])})"
