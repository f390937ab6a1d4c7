"""Durations: what is one, what is none, and that it reads back as it was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_domain.durations import BadDuration, Duration, Unit, parse_duration


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("3s", 3, Unit.SECONDS),
        ("15m", 15, Unit.MINUTES),
        ("24h", 24, Unit.HOURS),
        ("7d", 7, Unit.DAYS),
        ("5bd", 5, Unit.BUSINESS_DAYS),
        ("same_day", 0, Unit.SAME_DAY),
        ("0h", 0, Unit.HOURS),
        ("007d", 7, Unit.DAYS),
        ("3660d", 3660, Unit.DAYS),
    ],
)
def test_a_duration_is_a_whole_number_and_a_unit(text: str, amount: int, unit: Unit) -> None:
    assert parse_duration(text) == Duration(amount, unit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "h",
        "1.5h",
        "3 days",
        "3D",
        " 3d",
        "3d ",
        "3d\n",
        "+3d",
        "3w",
        "1h30m",
        "sameday",
        "Same_day",
        "٣d",
        "3db",
    ],
)
def test_anything_else_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(BadDuration, match="expected a duration such as 30s, 15m, 24h, 7d, 5bd or same_day"):
        parse_duration(text)


def test_a_negative_duration_is_refused_as_negative() -> None:
    with pytest.raises(BadDuration, match="never negative: '-24h'"):
        parse_duration("-24h")


@pytest.mark.parametrize("text", ["3661d", "87841h", "2601bd", "9" * 5000 + "s"])
def test_a_slip_of_the_key_is_no_deadline_in_another_century(text: str) -> None:
    with pytest.raises(BadDuration, match="longer than ten years"):
        parse_duration(text)


def test_no_business_days_could_mean_now_or_tonight_and_is_refused() -> None:
    with pytest.raises(BadDuration, match="write 0h for at once, or same_day"):
        parse_duration("0bd")


@given(amount=st.integers(1, 2600), unit=st.sampled_from([unit for unit in Unit if unit is not Unit.SAME_DAY]))
def test_a_duration_reads_back_as_it_was_written(amount: int, unit: Unit) -> None:
    duration = Duration(amount, unit)
    assert parse_duration(str(duration)) == duration


def test_same_day_is_longer_than_nothing_though_its_amount_is_zero() -> None:
    assert not parse_duration("same_day").is_zero
    assert parse_duration("0m").is_zero


def test_only_business_days_and_same_day_read_the_calendar() -> None:
    reading = {text for text in ("3s", "3m", "3h", "3d", "3bd", "same_day") if parse_duration(text).reads_calendar}
    assert reading == {"3bd", "same_day"}
