"""How a stream that somebody else set up is judged."""

from __future__ import annotations

from typing import Any

import pytest
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType

from amends_notifier.stream import differences, wanted


def test_the_stream_that_we_make_is_as_it_should_be() -> None:
    assert list(differences(wanted(1), wanted(1))) == []


def test_more_replicas_a_longer_window_and_more_subjects_are_no_fault() -> None:
    better = wanted(3).evolve(duplicate_window=3_600, subjects=["amends.v1.>", "other"])
    assert list(differences(better, wanted(1))) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"subjects": ["amends.v1.default.breach.*"]}, "cannot be published"),
        ({"storage": StorageType.MEMORY}, "in memory"),
        ({"retention": RetentionPolicy.WORK_QUEUE}, "retention"),
        ({"num_replicas": 1}, "1 replicas, not 3"),
        ({"duplicate_window": 120}, "120 s only"),
        ({"deny_delete": False}, "can be deleted"),
        ({"deny_purge": False}, "can be deleted"),
        ({"no_ack": True}, "acknowledges nothing"),
        ({"max_bytes": 1_000, "discard": DiscardPolicy.NEW}, "once it is full"),
    ],
)
def test_what_puts_messages_at_risk_is_said_in_a_sentence(change: dict[str, Any], sentence: str) -> None:
    (said,) = differences(wanted(3).evolve(**change), wanted(3))
    assert sentence in said
