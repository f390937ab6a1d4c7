"""Queries are put together from our own words; what was asked is only ever a value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from amends_workflow.case_list import Past, Scope, case_query
from amends_workflow.conditions import Conditions
from amends_workflow.deadline_list import PastDeadlines, deadline_query
from amends_workflow.parameters import CaseListParameters, CaseParameters, DeadlineListParameters

words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


def test_conditions_number_their_values_in_order() -> None:
    where = Conditions()
    where.add("a = {}", 1)
    where.any_of("b", ["x"])
    where.any_of("c", ["x", "y"])
    where.any_of("d", [])
    where.add("e")
    where.add("f > {} AND f < {}", 2, 3)
    assert str(where) == "a = $1 AND b = $2 AND c = ANY($3) AND e AND f > $4 AND f < $5"
    assert where.values == [1, "x", ["x", "y"], 2, 3]
    assert where.bind("limit") == "$6"


@given(words, words, words, words)
def test_no_word_that_was_asked_gets_into_the_text_of_a_query(branch: str, owner: str, flag: str, q: str) -> None:
    def text(*given_words: str) -> str:
        b, o, f, s = given_words
        wanted = CaseListParameters.model_validate({"branch": [b], "owner": [o], "flag": [f], "q": s})
        return case_query(Scope("default", (b,)), wanted, ["infinity", o])[0]

    assert text(branch, owner, flag, q) == text("a", "b", "c", "d")


def test_the_scope_of_who_asks_is_always_a_condition() -> None:
    for query, values in (
        case_query(Scope("t", ("b",)), CaseListParameters(), None),
        deadline_query(Scope("t", ("b",)), DeadlineListParameters(), None),
    ):
        assert "tenant = $1" in query
        assert "branch = $2" in query
        assert values[:2] == ["t", "b"]


def test_what_is_asked_of_the_past_restricts_both_the_rows_that_hold_and_those_that_moved() -> None:
    past = Past(datetime(2026, 3, 2, tzinfo=UTC), "[]")
    query, values = case_query(Scope("t", ("b",)), CaseListParameters(owner=["o"]), ["infinity", "x"], past)
    for condition in ("tenant = $1", "branch = $2", "owner = $3", "CAST(CAST($4 AS text)", "LIMIT $6"):
        assert query.count(condition) == 2 + (condition == "LIMIT $6"), condition
    assert "updated_at <= $8" in query
    assert values == ["t", "b", "o", "infinity", "x", 51, "[]", past.unmoved_since]
    due = PastDeadlines(past.unmoved_since, "[]", "[]")
    query, _ = deadline_query(Scope("t", ("b",)), DeadlineListParameters(kind=["apology"]), None, due)
    assert [query.count(each) for each in ("tenant = $1", "branch = $2", "clock = $3", "LIMIT $4")] == [2, 2, 2, 3]


@pytest.mark.parametrize(
    ("value", "understood"),
    [
        ("2026-01-01T08:00:00+08:00", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T08:00:00 08:00", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"),
    ],
)
def test_a_time_is_understood_with_or_without_its_plus_sign(value: str, understood: str) -> None:
    as_of = CaseParameters.model_validate({"as_of": value}).as_of
    assert as_of is not None
    assert as_of.isoformat() == understood


@pytest.mark.parametrize(
    "asked",
    [
        {"as_of": "2026-01-01T00:00:00"},
        {"as_of": "0001-01-01T00:00:00+14:00"},
        {"as_of": "9999-12-31T23:59:59-12:00"},
        {"position": 0},
        {"position": 2**63},
        {"colour": "red"},
    ],
)
def test_what_cannot_be_meant_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CaseParameters.model_validate(asked)
