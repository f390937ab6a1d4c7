"""Holidays: by the notices, by a second library, across year ends, and which years are not known yet."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

import chinese_calendar
import pytest

from amends_domain.calendars import Calendar, after
from amends_domain.durations import parse_duration
from amends_platform.policy.files import load_policy
from amends_platform.policy.holiday_snapshot import UnknownCountry, holiday_snapshot, subdivisions
from tests.support.policy_documents import changed


def file(directory: Path, text: str) -> Path:
    path = directory / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def calendar_in_force_from(directory: Path, day: str) -> Calendar:
    return load_policy(file(directory, changed("effective_from: 2026-01-01", f"effective_from: {day}"))).policy.calendar


# General Office of the State Council, notices 国办发明电〔2024〕12号 and 〔2025〕7号, typed from their text.
OFF = [
    ("2025-01-01", "2025-01-01"),
    ("2025-01-28", "2025-02-04"),
    ("2025-04-04", "2025-04-06"),
    ("2025-05-01", "2025-05-05"),
    ("2025-05-31", "2025-06-02"),
    ("2025-10-01", "2025-10-08"),
    ("2026-01-01", "2026-01-03"),
    ("2026-02-15", "2026-02-23"),
    ("2026-04-04", "2026-04-06"),
    ("2026-05-01", "2026-05-05"),
    ("2026-06-19", "2026-06-21"),
    ("2026-09-25", "2026-09-27"),
    ("2026-10-01", "2026-10-07"),
]
WORKED_2025 = ["2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"]
WORKED_2026 = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]


def test_every_day_of_2025_and_2026_is_worked_or_not_as_the_notices_say() -> None:
    calendar = load_policy("bank-cn").policy.calendar
    day = date(2025, 1, 1)
    while day.year < 2027:
        off = any(first <= day.isoformat() <= last for first, last in OFF)
        worked = day.isoformat() in (*WORKED_2025, *WORKED_2026) or (day.weekday() < 5 and not off)
        assert calendar.is_business_day(day) == worked, day
        day += timedelta(days=1)


def test_a_make_up_day_decreed_with_next_years_holidays_is_known_this_year() -> None:
    # Saturday 31 December 2011 was worked for the New Year of 2012.
    assert "2011-12-31" in holiday_snapshot("CN", date(2006, 1, 1))["working_days"]


def test_china_is_known_through_the_last_notice_and_later_answers_are_provisional() -> None:
    policy = load_policy("bank-cn").policy
    known_through = policy.calendar.known_through
    assert known_through >= date(2026, 12, 24)
    # The next notice may move days of the last week.
    assert (known_through.month, known_through.day) == (12, 24)
    rule = policy.clock("follow_up")
    assert rule is not None
    for day, provisional in ((18, False), (22, True), (29, True)):
        start = datetime(known_through.year, 12, day, 9, tzinfo=policy.calendar.timezone)
        due = rule.due_after(start, (), policy.calendar)
        assert due is not None
        assert due.provisional == provisional, start


def test_a_country_without_decrees_is_known_as_far_as_it_was_read() -> None:
    snapshot = holiday_snapshot("NL", date(2026, 1, 1))
    assert (snapshot["known_from"], snapshot["known_through"]) == ("2025-01-01", "2031-12-31")
    assert snapshot["holidays"]["2026-04-27"] == "King's Day"
    assert snapshot["working_days"] == {}


def test_a_policy_without_a_country_has_no_holidays_and_is_never_provisional(tmp_path: Path) -> None:
    policy = load_policy(file(tmp_path, changed("country: CN, ", ""))).policy
    assert policy.calendar.is_business_day(date(2026, 10, 1))
    assert policy.calendar.is_known(date(2090, 1, 1))


def test_the_names_of_holidays_do_not_depend_on_the_machines_language() -> None:
    program = "from amends_platform.policy.files import load_policy; print(load_policy('bank-cn').policy.hash)"
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"LANG": language, "LANGUAGE": language, "LC_ALL": language},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for language in ("C.UTF-8", "zh_CN")
    }
    assert answers == {load_policy("bank-cn").policy.hash}


# A second opinion: chinesecalendar, counted day by day, with nothing of amends_domain.calendars in it.

FIRST, LAST = date(2019, 1, 1), date(2026, 12, 31)
DAY = timedelta(days=1)
CHINA = timezone(timedelta(hours=8))  # as it has been since 1991
CLOSES = time(17, 30)


def naive_business_days(start: datetime, count: int) -> datetime:
    day = start.date()
    while count:
        day += DAY
        if chinese_calendar.is_workday(day):
            count -= 1
    return datetime.combine(day, CLOSES, CHINA)


def naive_same_day(start: datetime) -> datetime:
    if chinese_calendar.is_workday(start.date()) and start.time() < CLOSES:
        return datetime.combine(start.date(), CLOSES, CHINA)
    return naive_business_days(start, 1)


@pytest.fixture(scope="module")
def china(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Calendar]:
    """A calendar that knows each year: two policies together know 2019 to 2026."""
    directory = tmp_path_factory.mktemp("china")
    early, late = (calendar_in_force_from(directory, day) for day in ("2020-01-01", "2021-01-01"))
    return {year: early if year == 2019 else late for year in range(FIRST.year, LAST.year + 1)}


def test_every_day_from_2019_to_2026_is_worked_or_not_as_chinesecalendar_says(china: dict[int, Calendar]) -> None:
    day = FIRST
    while day <= LAST:
        assert china[day.year].is_known(day) or day > date(2026, 12, 24)
        assert china[day.year].is_business_day(day) == chinese_calendar.is_workday(day), day
        day += DAY


@pytest.mark.parametrize("count", [1, 3, 5])
def test_business_days_from_every_day_of_2019_to_2026_end_as_chinesecalendar_counts(
    china: dict[int, Calendar], count: int
) -> None:
    duration = parse_duration(f"{count}bd")
    day = FIRST
    # The last week's clocks end in 2027, of which chinesecalendar knows nothing.
    while day <= date(2026, 12, 24):
        for clock_time in (time(0), time(17, 29, 59), time(23, 59, 59)):
            start = datetime.combine(day, clock_time, CHINA)
            assert after(start, duration, china[day.year]).at == naive_business_days(start, count), start
        day += DAY


def test_the_same_day_from_every_day_of_2019_to_2026_ends_as_chinesecalendar_counts(china: dict[int, Calendar]) -> None:
    duration = parse_duration("same_day")
    day = FIRST
    while day <= date(2026, 12, 24):
        for clock_time in (time(0), time(9), time(17, 29, 59, 999_999), CLOSES, time(23, 59, 59)):
            start = datetime.combine(day, clock_time, CHINA)
            assert after(start, duration, china[day.year]).at == naive_same_day(start), start
        day += DAY


def test_the_end_of_a_year_is_read_with_the_notice_for_the_next() -> None:
    # The notice for 2019 moved days of December 2018: Saturday 29 was worked for Monday 31. A policy of 2013 looks
    # no further than 2018.
    snapshot = holiday_snapshot("CN", date(2013, 1, 1))
    assert "2018-12-29" in snapshot["working_days"]
    assert "2018-12-31" in snapshot["holidays"]
    assert max(snapshot["holidays"]) == "2018-12-31"


def test_a_clock_over_new_year_counts_the_days_that_the_next_years_notice_moved(tmp_path: Path) -> None:
    calendar = calendar_in_force_from(tmp_path, "2018-06-01")
    due = after(datetime(2018, 12, 28, 9, tzinfo=CHINA), parse_duration("2bd"), calendar)
    assert due.counted == (date(2018, 12, 29), date(2019, 1, 2))
    assert [day.isoformat() for day, _ in due.skipped] == ["2018-12-30", "2018-12-31", "2019-01-01"]


# Which years are known


@pytest.mark.parametrize(
    ("country", "part"), [("GB", "ENG"), ("GB", None), ("US", None), ("US", "NY"), ("AU", "NSW"), ("NL", None)]
)
def test_years_ahead_are_known_where_a_rule_and_no_decree_makes_the_holidays(country: str, part: str | None) -> None:
    snapshot = holiday_snapshot(country, date(2026, 1, 1), part)
    assert (snapshot["known_from"], snapshot["known_through"]) == ("2025-01-01", "2031-12-31")
    assert {day[:4] for day in snapshot["holidays"]} == {str(year) for year in range(2025, 2032)}


@pytest.mark.parametrize("pack", ["uk-disp", "us-reg-e", "au-rg271", "eu-psd2"])
def test_a_clock_years_ahead_is_not_provisional_where_no_decree_is_awaited(pack: str) -> None:
    calendar = load_policy(pack).policy.calendar
    for year in range(2026, 2032):
        assert not after(datetime(year, 11, 20, 9, tzinfo=CHINA), parse_duration("15bd"), calendar).provisional


def test_a_part_of_a_country_has_its_own_holidays() -> None:
    england, scotland = (holiday_snapshot("GB", date(2026, 1, 1), part) for part in ("ENG", "SCT"))
    assert "2026-04-06" in england["holidays"]  # Easter Monday
    assert "2026-04-06" not in scotland["holidays"]
    assert "2026-11-30" in scotland["holidays"]  # Saint Andrew's Day
    assert subdivisions("GB") == {"ENG", "NIR", "SCT", "WLS"}


def test_a_country_without_data_is_refused() -> None:
    for ask in (lambda: holiday_snapshot("XX", date(2026, 1, 1)), lambda: subdivisions("XX")):
        with pytest.raises(UnknownCountry):
            ask()
