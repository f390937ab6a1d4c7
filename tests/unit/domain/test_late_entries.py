"""What is entered long after it happened is counted; what the system writes, and what is on time, is not."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from amends_domain.clocks import UnknownPolicy
from amends_domain.events import ApologyGiven, ContactRecorded, NoteAdded, Recorded
from amends_domain.evolve import fold
from amends_domain.late_entries import late_entries
from tests.support.lives import MONDAY, default_policy, received

CASE_ID = UUID("01890000-0000-7000-8000-000000000001")
HOUR = timedelta(hours=1)


def counted(*lags: timedelta, actor: str = "a-agent", historical: bool = False) -> list[int]:
    """The versions of the late entries, of a case whose events were recorded so long after they happened."""
    policy = default_policy()
    events = [received(historical=historical), *(NoteAdded() for _ in lags[1:])]
    recorded = [
        Recorded(n, n, event, MONDAY, MONDAY + lag, policy.hash, actor)
        for n, (event, lag) in enumerate(zip(events, lags, strict=True), 1)
    ]
    case = fold(None, CASE_ID, recorded)
    assert case is not None
    return [mark.version for mark in late_entries(case, {policy.hash: policy})]


def test_an_entry_later_than_the_policy_allows_is_late() -> None:
    assert counted(timedelta(0), HOUR, HOUR + timedelta(seconds=1)) == [3]


def test_a_complaint_itself_may_be_entered_late() -> None:
    assert counted(3 * HOUR, timedelta(0)) == [1]


def test_what_the_system_writes_late_is_nobody_s_late_entry() -> None:
    assert counted(3 * HOUR, 3 * HOUR, actor="system:workflow") == []


def test_history_that_is_recorded_as_such_is_not_late() -> None:
    assert counted(900 * HOUR, 900 * HOUR, historical=True) == []


def test_late_entries_are_judged_by_the_policy_they_were_made_under() -> None:
    policy = default_policy()
    events = (received(), ApologyGiven("phone"), ContactRecorded("inbound", "phone", True))
    recorded = [
        Recorded(n, n, event, MONDAY, MONDAY + HOUR, policy.hash, "a-agent") for n, event in enumerate(events, 1)
    ]
    case = fold(None, CASE_ID, recorded)
    assert case is not None
    assert late_entries(case, {policy.hash: policy}) == ()
    with pytest.raises(UnknownPolicy):
        late_entries(case, {})
