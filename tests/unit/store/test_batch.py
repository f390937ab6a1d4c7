"""What the answer of a batch means to whoever sent a command on a connection that was lost, and sent it again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from amends_store.batch import verdict_of
from amends_store.records import Append, Appended, Replayed
from tests.support.appends import a_command, a_receipt

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def found_again(command: Append, *, answer: bytes) -> dict[str, Any]:
    """The row for a command whose key has a receipt, at the version that it was decided on."""
    return {
        "verdict": "replayed",
        "earlier_stream_id": command.stream_id,
        "earlier_first_position": 7,
        "earlier_last_position": 7,
        "earlier_version": 1,
        "earlier_answer": answer,
        "earlier_recorded_at": AT,
    }


def test_what_was_sent_before_and_is_found_again_did_succeed_then() -> None:
    command = a_command(receipt=a_receipt("k", answer=b"ours"))
    assert verdict_of(command, found_again(command, answer=b"ours"), sent_before=True) == Appended(7, 7, 1, AT)


def test_what_another_process_recorded_on_the_same_version_is_answered_as_that_did() -> None:
    command = a_command(receipt=a_receipt("k", answer=b"ours"))
    theirs = Replayed(command.stream_id, 7, 7, 1, b"theirs")
    assert verdict_of(command, found_again(command, answer=b"theirs"), sent_before=True) == theirs
