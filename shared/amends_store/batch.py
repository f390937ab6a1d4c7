"""A batch of commands as the two arrays that `append_batch` takes, and its answers as verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from amends_store.records import (
    Append,
    Appended,
    DataKeyConflict,
    KeyReused,
    NewEvent,
    Replayed,
    Verdict,
    VersionConflict,
)

_NO_RECEIPT: Final = (None,) * 4
_NO_DATA_KEY: Final = (None,) * 3
# `batch_command` has a place for it, for the release that kept keys in the database.
_WRAPPED_ELSEWHERE: Final = None


def arguments(commands: Sequence[Append]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The arguments of `append_batch`: the commands as `batch_command`, and their events as `batch_event`.

    Raises UnicodeDecodeError when the data of an event is not UTF-8.
    """
    return (
        [_batch_command(command) for command in commands],
        [
            _batch_event(place, number, event)
            for place, command in enumerate(commands, 1)
            for number, event in enumerate(command.events, 1)
        ],
    )


def _batch_command(command: Append) -> tuple[Any, ...]:
    receipt, data_key = command.receipt, command.data_key
    return (
        command.tenant,
        command.stream_id,
        command.expected_version,
        command.actor,
        command.correlation_id,
        command.causation_id,
        len(command.events),
        *(_NO_RECEIPT if receipt is None else (receipt.principal, receipt.key, receipt.request_hash, receipt.answer)),
        *(_NO_DATA_KEY if data_key is None else (data_key.customer_ref, data_key.key_id, _WRAPPED_ELSEWHERE)),
    )


def _batch_event(place: int, number: int, event: NewEvent) -> tuple[Any, ...]:
    return (
        place,
        number,
        event.id,
        event.type,
        event.schema_version,
        event.occurred_at,
        event.policy_hash,
        event.data.decode(),
        event.sealed,
        event.key_id,
    )


def verdict_of(command: Append, row: Any, *, sent_before: bool) -> Verdict:
    """The verdict in one row of `append_batch`.

    A command that was sent before, on a connection that was lost, and finds its own receipt did succeed then: it
    is `Appended`. It is told from another process's use of the same key by its stream, its version and its answer: of
    two that are sent at once, both may have been decided on the same version, and only one is recorded.
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
        own = (command.stream_id, command.expected_version + len(command.events), _answer_of(command))
        if sent_before and (stream_id, version, row["earlier_answer"]) == own:
            return Appended(first, last, version, row["earlier_recorded_at"])
        return Replayed(stream_id, first, last, version, row["earlier_answer"])
    if word == "key-reused":
        return KeyReused()
    assert word == "data-key-conflict", word
    return DataKeyConflict(row["known_key_id"])


def _answer_of(command: Append) -> bytes | None:
    return None if command.receipt is None else command.receipt.answer
