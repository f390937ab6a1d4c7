"""By what complaints find one another follows from the case and the policy it was received under."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from amends_domain.events import CaseClassified, IncidentOpened, MergedInto, NoteAdded, Reclassified
from amends_platform.matching import known_at, mass_key, matching_row
from tests.support.lives import MONDAY, Life, life, received

DAY = timedelta(days=1)


def row(of: Life, *, is_new: bool = True) -> dict[str, Any]:
    assert of.case is not None
    return matching_row(of.case, "default", {of.policy.hash: of.policy}, is_new=is_new)


def test_a_complaint_is_found_by_customer_and_type_and_counted_by_cause() -> None:
    found = row(life().happened(received(type="waiting_time", cause="slow")))
    assert found["repeat_key"] == '["default","customer","C-1","type","waiting_time"]'
    assert found["repeat_since"] == MONDAY - 30 * DAY
    assert found["mass_key"] == mass_key("default", "cause", "slow")
    assert found["mass_key"] in found["mass_keys"]
    assert (found["mass_count"], found["mass_position"]) == (10, 1)
    assert (found["mass_since"], found["mass_until"]) == (MONDAY - DAY, MONDAY + DAY)


def test_what_is_not_known_finds_nothing_yet() -> None:
    found = row(life().happened(received()))
    assert found["repeat_key"] is found["mass_key"] is found["mass_position"] is None


def test_the_position_is_that_of_the_event_which_made_it_known() -> None:
    told = life().happened(received()).later(hours=1).happened(CaseClassified(cause="slow")).later(hours=1)
    later = told.happened(NoteAdded(), CaseClassified(type="waiting_time"))
    assert row(later)["mass_position"] == 2
    again = later.happened(CaseClassified(cause="rude"), CaseClassified(cause="slow"))
    assert row(again)["mass_position"] == 6
    assert again.case is not None
    assert known_at(again.case) == MONDAY + timedelta(hours=2)


def test_an_inquiry_is_found_only_once_it_is_a_complaint() -> None:
    asked = life().happened(received(kind="inquiry", type="waiting_time", cause="slow"))
    assert row(asked)["repeat_key"] is row(asked)["mass_keys"] is None
    complained = asked.happened(Reclassified("complaint", "inquiry"))
    assert row(complained)["repeat_key"] is not None
    assert row(complained)["mass_position"] == 2


@pytest.mark.parametrize("historical", [True, False])
def test_history_may_be_repeated_but_repeats_nothing_and_is_no_incident(historical: bool) -> None:
    found = row(life().happened(received(type="waiting_time", cause="slow", historical=historical)))
    assert found["repeat_key"] is not None
    assert (found["repeat_since"] is None) is historical
    assert (found["mass_keys"] is None) is historical


def test_a_merged_case_is_no_complaint_of_its_own() -> None:
    merged = life().happened(received(type="waiting_time", cause="slow"), MergedInto("other", "K7M2-P9QX"))
    assert row(merged)["repeat_key"] is row(merged)["mass_key"] is row(merged)["mass_keys"] is None


@pytest.mark.parametrize(("automatic", "until"), [(True, MONDAY + DAY), (False, "infinity")])
def test_an_incident_gathers_from_a_day_before_it_was_opened(automatic: bool, until: object) -> None:
    opened = life().happened(IncidentOpened("Slow", "cause", "slow", "*", "a-head", automatic))
    found = row(opened)
    assert found["mass_key"] == mass_key("default", "cause", "slow")
    assert (found["mass_since"], found["mass_until"]) == (MONDAY - DAY, until)


def test_times_are_worked_out_once() -> None:
    found = row(life().happened(received(type="waiting_time", cause="slow")), is_new=False)
    assert found["repeat_since"] is found["mass_since"] is found["mass_until"] is None
    assert found["mass_key"] is not None
