"""Business time: China's make-up days, daylight saving, close of business, and the laws that hold for every start."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from amends_domain.calendars import AFTER_HOURS, WEEKEND, Calendar, after, before, first_instant
from amends_domain.durations import parse_duration

SHANGHAI = ZoneInfo("Asia/Shanghai")
SPRING = "Spring Festival"


def days(first: str, last: str) -> list[date]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def calendar(
    zone: str = "Asia/Shanghai",
    *,
    opens: time = time(9),
    closes: time = time(17, 30),
    workdays: frozenset[int] = frozenset(range(5)),
) -> Calendar:
    """The Spring Festivals of 2025 and 2026, as the State Council's notices have them; 2027 has no notice yet."""
    return Calendar(
        timezone=ZoneInfo(zone),
        opens=opens,
        closes=closes,
        workdays=workdays,
        holidays=dict.fromkeys((*days("2025-01-28", "2025-02-04"), *days("2026-02-15", "2026-02-23")), SPRING),
        working_days={
            date.fromisoformat(day): "make-up working day"
            for day in ("2025-01-26", "2025-02-08", "2026-02-14", "2026-02-28", "2026-01-04")
        },
        known_from=date(2025, 1, 1),
        known_through=date(2026, 12, 31),
    )


CN = calendar()


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "duration", "due"),
    [
        # Over the Spring Festival of 2025: Sunday 26 January and Saturday 8 February are worked.
        ("2025-01-24T10:00", "1bd", "2025-01-26T17:30"),
        ("2025-01-24T10:00", "2bd", "2025-01-27T17:30"),
        ("2025-01-24T10:00", "3bd", "2025-02-05T17:30"),
        ("2025-01-27T10:00", "4bd", "2025-02-08T17:30"),
        ("2025-01-27T10:00", "5bd", "2025-02-10T17:30"),
        # 2026: nine days off, Saturdays 14 and 28 February are worked.
        ("2026-02-13T09:00", "1bd", "2026-02-14T17:30"),
        ("2026-02-13T09:00", "2bd", "2026-02-24T17:30"),
        ("2026-02-27T09:00", "1bd", "2026-02-28T17:30"),
        ("2026-02-27T09:00", "2bd", "2026-03-02T17:30"),
        # The starting day never counts, however early it started, and on a day off no less.
        ("2026-03-02T00:00", "1bd", "2026-03-03T17:30"),
        ("2026-03-02T23:59", "1bd", "2026-03-03T17:30"),
        ("2026-03-07T12:00", "1bd", "2026-03-09T17:30"),
        ("2026-03-02T09:00", "5bd", "2026-03-09T17:30"),
    ],
)
def test_business_days_end_at_close_of_business_and_make_up_days_count(start: str, duration: str, due: str) -> None:
    assert after(at(start), parse_duration(duration), CN).at == at(due)


def test_the_answer_says_which_days_counted_and_why_the_others_did_not() -> None:
    due = after(at("2026-02-13T09:00"), parse_duration("2bd"), CN)
    assert due.counted == (date(2026, 2, 14), date(2026, 2, 24))
    assert due.skipped == tuple((day, SPRING) for day in days("2026-02-15", "2026-02-23"))
    assert after(at("2026-03-06T09:00"), parse_duration("1bd"), CN).skipped == (
        (date(2026, 3, 7), WEEKEND),
        (date(2026, 3, 8), WEEKEND),
    )


def test_the_business_day_is_that_of_the_calendars_zone() -> None:
    # 17:00 UTC on Monday is Tuesday 01:00 in Shanghai.
    assert after(datetime(2026, 3, 2, 17, tzinfo=UTC), parse_duration("1bd"), CN).at == at("2026-03-04T17:30")


@pytest.mark.parametrize(
    ("start", "due", "skipped"),
    [
        ("2026-03-02T00:00", "2026-03-02T17:30", []),
        ("2026-03-02T17:29:59", "2026-03-02T17:30", []),
        ("2026-03-02T17:30", "2026-03-03T17:30", [("2026-03-02", AFTER_HOURS)]),
        ("2026-03-05T18:00", "2026-03-06T17:30", [("2026-03-05", AFTER_HOURS)]),
        ("2026-03-07T10:00", "2026-03-09T17:30", [("2026-03-07", WEEKEND), ("2026-03-08", WEEKEND)]),
        ("2026-02-14T10:00", "2026-02-14T17:30", []),
        ("2026-02-23T10:00", "2026-02-24T17:30", [("2026-02-23", SPRING)]),
    ],
)
def test_same_day_is_close_of_business_today_or_of_the_next_business_day(
    start: str, due: str, skipped: list[tuple[str, str]]
) -> None:
    answer = after(at(start), parse_duration("same_day"), CN)
    assert answer.at == at(due)
    assert [(day.isoformat(), reason) for day, reason in answer.skipped] == skipped
    assert answer.counted == (at(due).date(),)


@pytest.mark.parametrize(
    ("zone", "start", "duration", "due_utc"),
    [
        # Amsterdam: 29 March 2026 02:00 becomes 03:00; 25 October 03:00 becomes 02:00.
        ("Europe/Amsterdam", "2026-03-28T12:00+01:00", "1d", "2026-03-29T10:00"),
        ("Europe/Amsterdam", "2026-03-28T12:00+01:00", "24h", "2026-03-29T11:00"),
        ("Europe/Amsterdam", "2026-03-27T09:15+01:00", "56d", "2026-05-22T07:15"),
        ("Europe/Amsterdam", "2026-10-24T12:00+02:00", "1d", "2026-10-25T11:00"),
        ("Europe/Amsterdam", "2026-10-24T12:00+02:00", "24h", "2026-10-25T10:00"),
        ("Europe/Amsterdam", "2026-03-22T02:30+01:00", "7d", "2026-03-29T01:00"),  # in the gap: its end, 03:00
        ("Europe/Amsterdam", "2026-03-22T02:00+01:00", "7d", "2026-03-29T01:00"),
        ("Europe/Amsterdam", "2026-03-22T03:00+01:00", "7d", "2026-03-29T01:00"),
        ("Europe/Amsterdam", "2026-03-22T01:59+01:00", "7d", "2026-03-29T00:59"),
        ("Europe/Amsterdam", "2026-10-18T02:30+02:00", "7d", "2026-10-25T00:30"),  # happens twice: the first
        ("Europe/Amsterdam", "2026-10-25T02:30+01:00", "7d", "2026-11-01T01:30"),  # started in the second
        # New York: 8 March 2026 02:00 becomes 03:00; 1 November 02:00 becomes 01:00.
        ("America/New_York", "2026-03-07T12:00-05:00", "1d", "2026-03-08T16:00"),
        ("America/New_York", "2026-03-07T12:00-05:00", "24h", "2026-03-08T17:00"),
        ("America/New_York", "2026-03-01T02:30-05:00", "7d", "2026-03-08T07:00"),
        ("America/New_York", "2026-10-25T01:30-04:00", "7d", "2026-11-01T05:30"),
        ("America/New_York", "2026-02-20T17:00-05:00", "56d", "2026-04-17T21:00"),
        # Close of business is a wall-clock time, too: 17:30 in summer time.
        ("America/New_York", "2026-03-06T12:00-05:00", "1bd", "2026-03-09T21:30"),
        ("Europe/Amsterdam", "2026-10-23T12:00+02:00", "1bd", "2026-10-26T16:30"),
        # Samoa left out 30 December 2011 altogether.
        ("Pacific/Apia", "2011-12-29T12:00-10:00", "1d", "2011-12-30T10:00"),
        ("Pacific/Apia", "2011-12-29T12:00-10:00", "2d", "2011-12-30T22:00"),
        # Lord Howe moves its clocks by half an hour.
        ("Australia/Lord_Howe", "2026-10-03T02:15+10:30", "1d", "2026-10-03T15:30"),
    ],
)
def test_days_keep_the_wall_clock_and_hours_do_not(zone: str, start: str, duration: str, due_utc: str) -> None:
    due = after(datetime.fromisoformat(start), parse_duration(duration), calendar(zone))
    assert due.at == datetime.fromisoformat(due_utc).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/New_York"])
@pytest.mark.parametrize("wall_clock", [time(9, 15), time(17), time(0), time(23, 59, 59)])
def test_56_days_from_any_day_of_three_years_it_is_the_same_time_on_the_wall(zone: str, wall_clock: time) -> None:
    cal, changes = calendar(zone), 0
    for day in days("2025-01-01", "2027-12-31"):
        start = datetime.combine(day, wall_clock, cal.timezone)
        due = after(start, parse_duration("56d"), cal).at
        shown = due.astimezone(cal.timezone)
        assert shown.replace(tzinfo=None) == datetime.combine(day + timedelta(days=56), wall_clock)
        elapsed = due - start.astimezone(UTC)
        assert abs(elapsed - timedelta(days=56)) <= timedelta(hours=1)
        changes += elapsed != timedelta(days=56)
    # Two changes of the clocks a year, each with the 56 starts whose clocks run over it, and of the autumn of 2024
    # and the spring of 2028 none.
    assert changes == 6 * 56


@pytest.mark.parametrize(
    ("zone", "start", "due_utc", "shown"),
    [
        # The eighth week ends in the gap: 02:30 never comes, the first instant after it is 03:00.
        ("Europe/Amsterdam", "2026-02-01T02:30+01:00", "2026-03-29T01:00", "03:00"),
        ("America/New_York", "2026-01-11T02:30-05:00", "2026-03-08T07:00", "03:00"),
        # It ends in the hour that comes twice: the first of the two.
        ("Europe/Amsterdam", "2026-08-30T02:30+02:00", "2026-10-25T00:30", "02:30"),
        ("America/New_York", "2026-09-06T01:30-04:00", "2026-11-01T05:30", "01:30"),
        # It starts in the hour that comes twice, in either, and in the first minute after a gap.
        ("Europe/Amsterdam", "2026-10-25T02:30+02:00", "2026-12-20T01:30", "02:30"),
        ("Europe/Amsterdam", "2026-10-25T02:30+01:00", "2026-12-20T01:30", "02:30"),
        ("America/New_York", "2026-11-01T01:30-04:00", "2026-12-27T06:30", "01:30"),
        ("America/New_York", "2026-11-01T01:30-05:00", "2026-12-27T06:30", "01:30"),
        ("America/New_York", "2026-03-08T03:00-04:00", "2026-05-03T07:00", "03:00"),
    ],
)
def test_eight_weeks_that_meet_a_gap_or_a_fold_end_on_the_right_day(
    zone: str, start: str, due_utc: str, shown: str
) -> None:
    cal = calendar(zone)
    began = datetime.fromisoformat(start)
    due = after(began, parse_duration("56d"), cal).at
    assert due == datetime.fromisoformat(due_utc).replace(tzinfo=UTC)
    assert due.astimezone(cal.timezone).strftime("%H:%M") == shown
    assert due.astimezone(cal.timezone).date() == began.date() + timedelta(days=56)


@pytest.mark.parametrize(
    ("zone", "due", "duration", "instant_utc"),
    [
        # A warning a day before falls into the gap: the first instant after it, and still before it is due.
        ("Europe/Amsterdam", "2026-03-30T02:30+02:00", "1d", "2026-03-29T01:00"),
        ("America/New_York", "2026-03-09T02:30-04:00", "1d", "2026-03-08T07:00"),
        # Into the fold: the first of the two.
        ("Europe/Amsterdam", "2026-10-26T02:30+01:00", "1d", "2026-10-25T00:30"),
        ("America/New_York", "2026-11-02T01:30-05:00", "1d", "2026-11-01T05:30"),
    ],
)
def test_counting_back_into_a_gap_or_a_fold(zone: str, due: str, duration: str, instant_utc: str) -> None:
    instant = before(datetime.fromisoformat(due), parse_duration(duration), calendar(zone)).at
    assert instant == datetime.fromisoformat(instant_utc).replace(tzinfo=UTC)


def test_a_close_of_business_in_a_fold_is_the_first_of_the_two() -> None:
    nights = calendar("America/New_York", opens=time(0), closes=time(1, 30), workdays=frozenset(range(7)))
    start = datetime(2026, 10, 31, 12, tzinfo=UTC)
    assert after(start, parse_duration("1bd"), nights).at == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    # Between the two half past ones, business has closed.
    between = datetime(2026, 11, 1, 6, tzinfo=UTC)
    assert after(between, parse_duration("same_day"), nights).at == datetime(2026, 11, 2, 6, 30, tzinfo=UTC)


def test_a_close_of_business_in_a_gap_is_the_end_of_the_gap() -> None:
    nights = calendar("Europe/Amsterdam", opens=time(0), closes=time(2, 30), workdays=frozenset(range(7)))
    assert after(datetime(2026, 3, 28, 12, tzinfo=UTC), parse_duration("1bd"), nights).at == datetime(
        2026, 3, 29, 1, tzinfo=UTC
    )


def test_business_that_closes_at_midnight_closes_as_the_day_ends() -> None:
    always = calendar(opens=time(0), closes=time(0))
    assert after(at("2026-03-02T23:59"), parse_duration("same_day"), always).at == at("2026-03-03T00:00")
    assert after(at("2026-03-02T09:00"), parse_duration("1bd"), always).at == at("2026-03-04T00:00")
    # Midnight belongs to the day that it ends.
    assert before(at("2026-03-04T00:00"), parse_duration("1bd"), always).at == at("2026-03-03T00:00")


@pytest.mark.parametrize(
    ("due", "duration", "instant"),
    [
        ("2026-03-04T17:30", "1bd", "2026-03-03T17:30"),
        ("2026-03-04T08:00", "1bd", "2026-03-03T17:30"),
        ("2026-03-09T10:00", "1bd", "2026-03-06T17:30"),
        ("2026-03-08T10:00", "1bd", "2026-03-06T17:30"),
        ("2026-02-24T17:30", "1bd", "2026-02-14T17:30"),
        ("2026-02-24T17:30", "2bd", "2026-02-13T17:30"),
        ("2026-03-04T10:00", "24h", "2026-03-03T10:00"),
        ("2026-03-04T10:00", "7d", "2026-02-25T10:00"),
        ("2026-03-04T10:00", "90s", "2026-03-04T09:58:30"),
    ],
)
def test_before_counts_back_from_the_day_of_the_due_time(due: str, duration: str, instant: str) -> None:
    assert before(at(due), parse_duration(duration), CN).at == at(instant)


def test_before_by_hours_and_by_days_differ_over_a_change_of_the_clocks() -> None:
    due = datetime(2026, 3, 29, 10, tzinfo=UTC)  # 12:00 in Amsterdam
    amsterdam = calendar("Europe/Amsterdam")
    assert before(due, parse_duration("24h"), amsterdam).at == datetime(2026, 3, 28, 10, tzinfo=UTC)
    assert before(due, parse_duration("1d"), amsterdam).at == datetime(2026, 3, 28, 11, tzinfo=UTC)


def test_same_day_cannot_be_counted_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        before(at("2026-03-04T10:00"), parse_duration("same_day"), CN)


def test_days_of_a_year_without_a_notice_make_the_answer_provisional() -> None:
    year_end = at("2026-12-30T10:00")
    assert not after(year_end, parse_duration("1bd"), CN).provisional
    assert after(year_end, parse_duration("2bd"), CN).provisional
    assert after(at("2024-12-27T10:00"), parse_duration("1bd"), CN).provisional
    assert after(at("2027-01-05T10:00"), parse_duration("same_day"), CN).provisional


def test_what_does_not_read_the_calendar_is_never_provisional() -> None:
    for text in ("24h", "7d"):
        assert not after(at("2027-06-01T10:00"), parse_duration(text), CN).provisional


def test_an_instant_without_a_zone_is_refused() -> None:
    for count in (after, before):
        with pytest.raises(ValueError, match="time zone"):
            count(datetime(2026, 3, 2, 10), parse_duration("24h"), CN)


def test_a_calendar_without_workdays_is_refused_because_its_next_one_never_comes() -> None:
    with pytest.raises(ValueError, match="at least one workday"):
        calendar(workdays=frozenset())


def test_a_calendar_can_be_hashed_and_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(CN)) == CN
    assert hash(calendar()) == hash(CN)


ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Amsterdam", "America/New_York"])
STARTS = st.datetimes(datetime(2024, 12, 1), datetime(2027, 3, 1), timezones=st.just(UTC))
AMOUNTS = st.integers(1, 40)
SAME_OR_UNITS = st.sampled_from(["s", "m", "h", "d", "bd"])


@given(STARTS, AMOUNTS, SAME_OR_UNITS, ZONES)
def test_what_is_due_lies_ahead_and_what_comes_before_lies_behind(
    start: datetime, n: int, unit: str, zone: str
) -> None:
    duration, cal = parse_duration(f"{n}{unit}"), calendar(zone)
    assert after(start, duration, cal).at > start
    assert before(start, duration, cal).at < start
    assert after(start, parse_duration("same_day"), cal).at > start


@given(STARTS, st.integers(0, 10_000_000), AMOUNTS, SAME_OR_UNITS, ZONES)
def test_who_starts_later_is_not_due_earlier(start: datetime, later_s: int, n: int, unit: str, zone: str) -> None:
    cal, later = calendar(zone), start + timedelta(seconds=later_s)
    # In the hour that happens twice, a later instant shows an earlier wall clock, and days follow the wall clock.
    assume(unit != "d" or all(t.astimezone(cal.timezone).fold == 0 for t in (start, later)))
    for duration in (parse_duration(f"{n}{unit}"), parse_duration("same_day")):
        assert after(start, duration, cal).at <= after(later, duration, cal).at


@given(STARTS, AMOUNTS, SAME_OR_UNITS, ZONES)
def test_a_longer_duration_is_due_later(start: datetime, n: int, unit: str, zone: str) -> None:
    cal = calendar(zone)
    assert after(start, parse_duration(f"{n}{unit}"), cal).at < after(start, parse_duration(f"{n + 1}{unit}"), cal).at


@given(STARTS, AMOUNTS, ZONES)
def test_business_days_end_on_a_business_day_and_account_for_every_day_between(
    start: datetime, n: int, zone: str
) -> None:
    cal = calendar(zone)
    due = after(start, parse_duration(f"{n}bd"), cal)
    first, last = start.astimezone(cal.timezone).date(), due.at.astimezone(cal.timezone).date()
    assert last == due.counted[-1]
    assert len(due.counted) == n
    assert all(cal.is_business_day(day) for day in due.counted)
    assert not any(cal.is_business_day(day) for day, _ in due.skipped)
    between = days((first + timedelta(days=1)).isoformat(), last.isoformat())
    assert sorted((*due.counted, *(day for day, _ in due.skipped))) == between


@given(STARTS, AMOUNTS, ZONES)
def test_one_business_day_before_close_of_business_is_one_business_day_less(start: datetime, n: int, zone: str) -> None:
    cal = calendar(zone)
    due = after(start, parse_duration(f"{n + 1}bd"), cal).at
    assert before(due, parse_duration("1bd"), cal).at == after(start, parse_duration(f"{n}bd"), cal).at


@given(STARTS, AMOUNTS, ZONES)
def test_days_later_it_is_the_same_time_on_the_wall_or_the_end_of_a_gap(start: datetime, n: int, zone: str) -> None:
    cal = calendar(zone)
    wall = start.astimezone(cal.timezone).replace(tzinfo=None) + timedelta(days=n)
    due = after(start, parse_duration(f"{n}d"), cal).at
    shown = due.astimezone(cal.timezone).replace(tzinfo=None)
    just_before = (due - timedelta(microseconds=1)).astimezone(cal.timezone).replace(tzinfo=None)
    assert shown == wall or just_before < wall < shown


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), ZONES)
def test_the_first_instant_is_never_preceded_by_the_same_wall_clock(wall: datetime, zone: str) -> None:
    instant = first_instant(wall, ZoneInfo(zone))
    an_hour_earlier = (instant - timedelta(hours=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert an_hour_earlier != wall


@pytest.mark.parametrize("wall", [datetime(1, 1, 2, 9), datetime(9999, 12, 30, 9), datetime(9999, 12, 31, 9)])
def test_the_first_and_the_last_days_have_their_instants_as_well(wall: datetime) -> None:
    assert first_instant(wall, SHANGHAI).astimezone(SHANGHAI).replace(tzinfo=None) == wall
