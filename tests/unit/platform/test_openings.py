"""Enough complaints of one root, close together, are an incident: the same one however it is found out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from amends_platform.openings import Free, Opening, incident_id, openings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def free(position: int, hours: float, key: str = "slow", enough: int = 3) -> Free:
    at = NOON + timedelta(hours=hours)
    return Free(key, position, enough, at, at - DAY, at + DAY)


def test_the_complaint_that_makes_the_number_full_opens_the_incident() -> None:
    assert list(openings([free(1, 0), free(2, 1)])) == []
    assert list(openings([free(1, 0), free(2, 1), free(3, 2)])) == [Opening("slow", 3, NOON + timedelta(hours=2))]


def test_what_came_too_far_apart_or_has_another_root_does_not_count() -> None:
    assert list(openings([free(1, 0), free(2, 20), free(3, 40)])) == []
    assert list(openings([free(1, 0), free(2, 1), free(3, 2, "rude")])) == []


def test_a_complaint_that_is_known_late_counts_by_when_it_came() -> None:
    (opening,) = openings([free(1, 10), free(2, 12), free(9, 0)])
    assert opening == Opening("slow", 9, NOON + timedelta(hours=12))


def test_more_of_them_belong_to_the_same_incident_and_open_no_second() -> None:
    complaints = [free(number, number / 10) for number in range(1, 30)]
    assert [each.position for each in openings(complaints)] == [3]


def test_two_waves_are_two_incidents() -> None:
    complaints = [free(1, 0), free(2, 1), free(3, 2), free(4, 100), free(5, 101), free(6, 102)]
    assert [each.position for each in openings(complaints)] == [3, 6]


def test_an_incident_that_opens_itself_is_the_same_for_whoever_works_it_out() -> None:
    assert incident_id("slow", 7) == incident_id("slow", 7)
    assert len({incident_id("slow", 7), incident_id("slow", 8), incident_id("rude", 7)}) == 3


@given(st.lists(st.integers(0, 300), max_size=40))
def test_what_comes_later_never_changes_which_event_made_a_number_full(hours: list[int]) -> None:
    complaints = [free(position, hour) for position, hour in enumerate(hours, 1)]
    before: list[Opening] = []
    for number in range(len(complaints) + 1):
        found = list(openings(complaints[:number]))
        assert found[: len(before)] == before
        before = found
