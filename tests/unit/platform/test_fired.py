"""What clocks wrote is held against what they should have: here, in the very moment in which a clock is due."""

from __future__ import annotations

from amends_domain.events import ApologyGiven, DeadlineBreached
from amends_platform.replaying.fired import has_fired, uncalled_for
from tests.support.lives import Life, life, receive

RECEIVED = life().does(receive())
DUE = RECEIVED.at(RECEIVED.deadline("apology").due_at)
BREACH = DeadlineBreached("apology", 1, DUE.now)


def objections(told: Life) -> list[str]:
    fired = [each for each in told.recorded if has_fired(each.event) and each.event == BREACH]
    return [reason for _, reason in uncalled_for(told.told, fired, told.policies)]


def test_what_is_done_in_the_moment_of_the_breach_but_after_it_comes_too_late() -> None:
    assert objections(DUE.happened(BREACH, actor="system:workflow").happened(ApologyGiven("phone"))) == []


def test_what_is_done_in_the_moment_when_it_is_due_is_in_time() -> None:
    assert objections(DUE.happened(ApologyGiven("phone")).happened(BREACH, actor="system:workflow")) == [
        "deadline-breached of apology (generation 1): the clock had ended in time (met)"
    ]
