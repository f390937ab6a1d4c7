"""Ids that are made at the edge."""

from __future__ import annotations

import time
from uuid import UUID

from amends_platform.ids import case_id_of_external_ref, uuid7


def test_the_id_of_an_external_ref_never_changes() -> None:
    """Another release that made another id would record every imported complaint a second time."""
    assert case_id_of_external_ref("default", "crm:77") == UUID("ad135838-7d5d-52ef-9668-e0bd1a60ee23")
    assert case_id_of_external_ref("other", "crm:77") == UUID("467eaadf-5e3f-5192-9378-6ce187a0215f")


def test_a_time_ordered_id_says_so_and_carries_its_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= after


def test_time_ordered_ids_differ_within_a_millisecond() -> None:
    assert len({uuid7() for _ in range(10_000)}) == 10_000
