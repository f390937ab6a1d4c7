"""What subscribers are promised: every event gets out, as the log has it, in order within a case, and only those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from amends_store.records import StoredEvent
from tests.support.judging.history import History
from tests.support.notifying import Kept


def everything_gets_out(history: History) -> Iterator[str]:
    """Whatever the notifier's checkpoint has passed is in the stream, and once all is quiet, that is everything."""
    stored = {_id(message) for message in history.stored}
    passed = len(history.log) if history.is_quiet else history.checkpoints.get("notifier", 0)
    for event in history.log[:passed]:
        if str(event.id) not in stored:
            at = history.checkpoints.get("notifier", 0)
            yield f"{_named(event)} is not in the stream; the notifier's checkpoint is {at}"


def the_stream_tells_only_of_the_log(history: History) -> Iterator[str]:
    """Every message is that of an event, which says what the log says."""
    for where, messages in _places(history):
        for message in messages:
            if _id(message) in history.planted:
                continue
            event = history.by_id.get(_id(message))
            if event is not None:
                yield from _as_the_log_has_it(history, where, message, event)
            elif history.is_quiet or _position(message) <= len(history.log):
                yield f"{where} {message.sequence} ({message.subject}) tells of {_id(message)}, which is not in the log"


def the_stream_is_in_order(history: History) -> Iterator[str]:
    """Within a case no version comes before the one before it has come."""
    reached: dict[UUID, int] = {}
    for message in history.stored:
        event = history.by_id.get(_id(message))
        if event is None:
            continue
        highest = reached.get(event.stream_id, 0)
        if event.version > highest + 1:
            yield f"message {message.sequence}: {_named(event)} came when {highest} was the last"
        reached[event.stream_id] = max(highest, event.version)


def a_consumer_acts_once_and_in_order(history: History) -> Iterator[str]:
    """Who drops what came before, by its ce-id, is left with every event once, in order within a case."""
    if history.delivered is None:
        return
    acted: set[str] = set()
    reached: dict[UUID, int] = {}
    for message in history.delivered:
        event = history.by_id.get(_id(message))
        if event is None or _id(message) in acted:
            continue
        acted.add(_id(message))
        last = reached.get(event.stream_id, 0)
        if event.version != last + 1:
            yield f"a consumer got {_named(event)} when {last} was the last that it had acted on"
        reached[event.stream_id] = max(last, event.version)
    if history.is_quiet:
        for event_id, event in history.by_id.items():
            if event_id not in acted:
                yield f"a consumer never got {_named(event)}"


def _as_the_log_has_it(history: History, where: str, message: Kept, event: StoredEvent) -> Iterator[str]:
    wanted = history.lives[event.stream_id].messages.get(_id(message))
    # None where the stream cannot be replayed, which is told of elsewhere. The client adds headers of its own.
    if wanted is not None and (
        (message.subject, message.raw) != (wanted.subject, wanted.payload)
        or not wanted.headers.items() <= message.headers.items()
    ):
        said = f"{where} {message.sequence} ({message.subject})"
        yield f"{said} says of {_named(event)} what the log does not: {message.raw[:300]!r}"


def _places(history: History) -> Iterator[tuple[str, Sequence[Kept]]]:
    yield "message", history.stored
    if history.delivered is not None:
        yield "delivered message", history.delivered


def _id(message: Kept) -> str:
    return message.headers.get("ce-id", "")


def _position(message: Kept) -> int:
    try:
        return int(message.said["position"])
    except (ValueError, KeyError, TypeError):
        return 0


def _named(event: StoredEvent) -> str:
    return f"position {event.position} ({event.type}, version {event.version} of case {event.stream_id})"
