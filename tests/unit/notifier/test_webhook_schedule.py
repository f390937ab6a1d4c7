"""When a webhook is tried again."""

from __future__ import annotations

from amends_notifier.webhooks.schedule import Schedule
from amends_platform.webhooks.sending import retry_after

SCHEDULE = Schedule()


def test_ten_attempts_are_made_within_about_twenty_hours() -> None:
    delays = [SCHEDULE.delay_seconds(attempts, 0.5) for attempts in range(1, 10)]
    assert delays == [5, 20, 80, 320, 1_280, 5_120, 20_480, 21_600, 21_600]
    assert SCHEDULE.delay_seconds(10, 0.5) is None
    assert SCHEDULE.delay_seconds(11, 0.5) is None


def test_jitter_moves_an_attempt_by_a_fifth_at_most() -> None:
    assert SCHEDULE.delay_seconds(2, 0.0) == 16
    assert SCHEDULE.delay_seconds(2, 1.0) == 24


def test_what_the_receiver_asks_for_is_not_undercut_and_counts_up_to_a_day() -> None:
    assert SCHEDULE.delay_seconds(1, 0.5, retry_after_seconds=60) == 60
    assert SCHEDULE.delay_seconds(1, 0.5, retry_after_seconds=1) == 5
    assert SCHEDULE.delay_seconds(1, 0.5, retry_after_seconds=1e9) == 86_400


def test_retry_after_is_read_in_both_its_forms_and_otherwise_ignored() -> None:
    assert retry_after("120") == 120
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    later = retry_after("Wed, 21 Oct 2099 07:28:00 GMT")
    assert later is not None
    assert later > 86_400
    nonsense = (
        None,
        "",
        "-5",
        "soon",
        "1.5",
        "9" * 400,
        f"Wed, 21 Oct {'9' * 40} 07:28:00 GMT",
        "Wed, 21 Oct 2015 99:28:00 GMT",
        "Wed, 21 Oct 2015 07:28:00 +99999999",
        "Mon, 01 Jan 0001 00:00:00 +2300",
    )
    assert [text for text in nonsense if retry_after(text) not in (None, 0)] == []
