"""Which policy a month is measured by, and so in which time zone it ends."""

from __future__ import annotations

from datetime import UTC, date, datetime

from amends_domain.measures.months import Month
from amends_workflow.reports.cutting import Published, in_force, in_force_at
from tests.support.policy_documents import build

OCTOBER = Month(2026, 10)
SHANGHAI = build(version=1)
LONDON = build(version=2, timezone="Europe/London", calendar={})
LATER = build(version=3, effective_from=date(2026, 11, 1))


def at(day: int, hour: int, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_it_is_the_last_that_was_published_before_the_month_ended() -> None:
    published = [Published(at(1, 0, 1), SHANGHAI), Published(at(20, 0), LONDON)]
    assert in_force(published, OCTOBER) is LONDON
    assert in_force(published, Month(2026, 9)) is SHANGHAI


def test_what_is_published_after_the_month_ended_is_none_of_its() -> None:
    # October is over in Shanghai eight hours before it is in London.
    published = [Published(at(1, 0, 1), SHANGHAI), Published(at(31, 17), LONDON)]
    assert in_force(published, OCTOBER) is SHANGHAI
    assert in_force(published, Month(2026, 11)) is LONDON


def test_what_is_for_a_later_day_waits_for_it() -> None:
    published = [Published(at(1, 0, 1), SHANGHAI), Published(at(20, 0), LATER)]
    assert in_force(published, OCTOBER) is SHANGHAI
    assert in_force_at(published, at(30, 0)) is SHANGHAI
    assert in_force_at(published, at(2, 0, 11)) is LATER


def test_while_the_day_of_none_has_come_the_first_one_is_in_force() -> None:
    published = [Published(at(20, 0), LATER)]
    assert in_force(published, OCTOBER) is LATER
    assert in_force_at(published, at(21, 0)) is LATER
