"""The coming week on the board: days and hours of the desk's zone, the darker the more falls due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from amends_workflow.console.week import Hour, level, week_of

BEGAN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def hours(*due: int, began: datetime = BEGAN) -> list[dict[str, object]]:
    return [{"begins_at": began + timedelta(hours=number), "due": count} for number, count in enumerate(due)]


def test_hours_are_told_by_the_local_day_and_those_that_are_over_by_nothing() -> None:
    days = week_of(hours(*([0] * 13), 5, 8), ZoneInfo("Asia/Shanghai"))
    assert [(day.date, day.total) for day in days] == [(date(2026, 3, 2), 5), (date(2026, 3, 3), 8)]
    monday, tuesday = days
    assert monday.hours[:11] == [*[Hour(None, 0)] * 10, Hour(0, 0)]
    assert monday.hours[23] == Hour(5, 3)
    assert tuesday.hours[:2] == [Hour(8, 4), Hour(None, 0)]


def test_the_hour_that_a_clock_is_put_back_over_holds_both() -> None:
    days = week_of(hours(1, 2, 4, began=datetime(2026, 10, 25, 0, 0, tzinfo=UTC)), ZoneInfo("Europe/Berlin"))
    assert [hour.due for hour in days[0].hours[:5]] == [None, None, 3, 4, None]


def test_few_stay_light_and_the_most_is_darkest() -> None:
    assert [level(count, 1) for count in (None, 0, 1)] == [0, 0, 1]
    assert [level(count, 100) for count in (0, 1, 25, 26, 99, 100)] == [0, 1, 1, 2, 4, 4]
