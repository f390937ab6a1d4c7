"""A batch of commands as the parallel arrays that `append_batch` takes, and its answers as verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amends_store.records import (
    Append,
    Appended,
    DataKeyConflict,
    KeyReused,
    Replayed,
    Verdict,
    VersionConflict,
)


def columns(commands: Sequence[Append]) -> tuple[list[Any] | None, ...]:
    """The arguments of `append_batch`, one list a column: those of commands, then those of events.

    A column that no command of the batch uses is None: encoding NULLs one by one costs as much as values.

    Raises UnicodeDecodeError when the data of an event is not UTF-8.
    """
    receipts = [command.receipt for command in commands]
    data_keys = [command.data_key for command in commands]
    causation_ids = [command.causation_id for command in commands]
    # Nearly every command has one event: that case is worth not being a loop in a loop.
    events = [event for command in commands for event in command.events]
    if len(events) == len(commands):
        owners, numbers = list(range(1, len(commands) + 1)), [1] * len(commands)
    else:
        owners = [owner for owner, command in enumerate(commands, 1) for _ in command.events]
        numbers = [number for command in commands for number in range(1, len(command.events) + 1)]
    return (
        [command.tenant for command in commands],
        [command.stream_id for command in commands],
        [command.expected_version for command in commands],
        [command.actor for command in commands],
        [command.correlation_id for command in commands],
        causation_ids if any(causation_ids) else None,
        [len(command.events) for command in commands],
        *_unless_unused(receipts, ("principal", "key", "request_hash", "answer")),
        *_unless_unused(data_keys, ("customer_ref", "key_id", "wrapped")),
        owners,
        numbers,
        [event.id for event in events],
        [event.type for event in events],
        [event.schema_version for event in events],
        [event.occurred_at for event in events],
        [event.policy_hash for event in events],
        [event.data.decode() for event in events],
        [event.sealed for event in events],
        [event.key_id for event in events],
    )


def _unless_unused(parts: Sequence[object | None], fields: tuple[str, ...]) -> list[list[Any] | None]:
    if not any(parts):
        return [None] * len(fields)
    return [[part and getattr(part, field) for part in parts] for field in fields]


def verdict_of(command: Append, row: Any, *, sent_before: bool) -> Verdict:
    """The verdict in one row of `append_batch`.

    A command that was sent before, on a connection that was lost, and finds its own receipt did succeed then: it
    is `Appended`. It is told from another process's use of the same key by its stream and version.
    """
    word = row["verdict"]
    if word == "appended":
        count, last = len(command.events), row["last_position"]
        return Appended(last - count + 1, last, command.expected_version + count, row["recorded_at"])
    if word == "version-conflict":
        return VersionConflict(row["actual_version"])
    if word == "replayed":
        first, last, version = row["earlier_first_position"], row["earlier_last_position"], row["earlier_version"]
        stream_id = row["earlier_stream_id"]
        if sent_before and stream_id == command.stream_id and version == command.expected_version + len(command.events):
            return Appended(first, last, version, row["earlier_recorded_at"])
        return Replayed(stream_id, first, last, version, row["earlier_answer"])
    if word == "key-reused":
        return KeyReused()
    assert word == "data-key-conflict", word
    return DataKeyConflict(row["known_key_id"], row["known_wrapped"])
