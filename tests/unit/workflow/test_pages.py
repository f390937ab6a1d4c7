"""Cursors: opaque, of one query alone, and nothing but what was given out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from amends_platform.http.problems import Problem
from amends_workflow.pages import ID, NAME, POSITION, TIME, VERSION, Pages, Shape, key_time

SHAPE: Shape = (TIME, ID, NAME, VERSION, POSITION)
times = st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)))
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
numbers = st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1)
keys = st.tuples(times.map(key_time), st.uuids().map(str), names, *numbers).map(list)


def pages(query: str = "sort=due&state=open", path: str = "/v1/cases", branch: str | None = None) -> Pages:
    scope = {"type": "http", "path": path, "query_string": query.encode(), "headers": [], "server": ("x", 80)}
    return Pages(Request(scope | {"scheme": "http", "root_path": ""}), ("default", branch))


def cursor_of(following: str | None) -> str:
    assert following is not None
    return parse_qs(urlsplit(following).query)["cursor"][0]


@given(keys)
def test_a_cursor_leads_back_to_the_key_it_was_made_of(key: list[Any]) -> None:
    assert pages().after(cursor_of(pages().next(key)), SHAPE) == key


@given(keys, st.data())
def test_a_cursor_with_any_other_character_is_refused(key: list[Any], data: st.DataObject) -> None:
    cursor = cursor_of(pages().next(key))
    at = data.draw(st.integers(0, len(cursor.rstrip("=")) - 2))
    other = data.draw(st.sampled_from("AZaz09-_!").filter(lambda letter: letter != cursor[at]))
    with pytest.raises(Problem, match="cursor"):
        pages().after(cursor[:at] + other + cursor[at + 1 :], SHAPE)


WRONG: Sequence[tuple[Shape, Sequence[Any]]] = (
    ((TIME,), ("soon", "nan", "", "-infinity", "0001-01-01T00:00:00+14:00", 7, None, ["x"])),
    ((ID,), ("x", "", "\x00", 7, None, {})),
    ((NAME,), ("a\x00b", 7, None, [])),
    ((VERSION,), (-1, 2**31, 1.0, True, "1", None)),
    ((POSITION,), (-1, 2**63, 0.5, False, "1", None)),
)


# The check sum is made of nothing secret: whoever reads this code can make one.
@pytest.mark.parametrize(("shape", "wrong"), [(shape, value) for shape, values in WRONG for value in values])
def test_a_cursor_that_somebody_made_says_nothing_else_than_ours_do(shape: Shape, wrong: Any) -> None:
    with pytest.raises(Problem, match="cursor"):
        pages().after(cursor_of(pages().next([wrong])), shape)


@pytest.mark.parametrize("parts", [[], [1], [1, 2, 3]])
def test_a_cursor_has_as_many_parts_as_the_key_of_its_list(parts: list[Any]) -> None:
    with pytest.raises(Problem, match="cursor"):
        pages().after(cursor_of(pages().next(parts)), (VERSION, VERSION))


def test_a_time_is_told_the_database_in_one_way() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=8)))
    assert pages().after(cursor_of(pages().next([at.strftime("%G-W%V-%uT%H%z")])), (TIME,)) == [
        "2026-01-01T19:00:00+00:00"
    ]


@pytest.mark.parametrize(
    "other",
    [
        pages("sort=received&state=open"),
        pages("sort=due"),
        pages("sort=due&state=open&state=closed"),
        pages(path="/v1/deadlines"),
        pages(branch="harbour"),
    ],
)
def test_a_cursor_of_one_query_is_refused_by_another(other: Pages) -> None:
    with pytest.raises(Problem, match="cursor"):
        other.after(cursor_of(pages().next([1])), (POSITION,))


def test_how_many_are_wanted_may_change_from_page_to_page() -> None:
    cursor = cursor_of(pages("sort=due&limit=10&min_position=7").next([1]))
    assert pages(f"sort=due&limit=50&cursor={cursor}").after(cursor, (POSITION,)) == [1]


def test_the_next_page_is_the_same_query_without_the_wait() -> None:
    following = pages("sort=due&state=open&state=closed&limit=10&min_position=7&cursor=old").next(["x"])
    assert following is not None
    parts = urlsplit(following)
    assert parts.path == "/v1/cases"
    query = parse_qs(parts.query)
    assert query.pop("cursor") != ["old"]
    assert query == {"sort": ["due"], "state": ["open", "closed"], "limit": ["10"]}


def test_there_is_no_page_after_the_last() -> None:
    assert pages().next(None) is None
    assert pages().after(None, SHAPE) is None


def test_what_is_never_due_comes_after_all_that_is() -> None:
    assert key_time(None) == "infinity"
    assert key_time(datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)) == "2026-01-02T03:04:05.678901+00:00"
