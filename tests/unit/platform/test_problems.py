"""What is said of a body that was refused."""

from __future__ import annotations

import json
from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, ValidationError

from amends_platform.http.problems import invalid


def printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line of printable characters")
    return value


class Body(BaseModel):
    reason: Annotated[str, AfterValidator(printable)]


def test_what_a_check_of_ours_says_is_said_as_it_is() -> None:
    with pytest.raises(ValidationError) as refused:
        Body.model_validate_json('{"reason": "a\\nb"}')
    assert invalid(refused.value, Body).detail == "/reason: must be one line of printable characters"


def test_a_field_that_is_not_known_is_not_repeated_and_the_one_that_was_meant_is_named() -> None:
    class Strict(Body, extra="forbid"):
        pass

    with pytest.raises(ValidationError) as refused:
        Strict.model_validate_json('{"reason": "x", "reasom": "x", "Ms. Chen": "x"}')
    assert invalid(refused.value, Strict).members["errors"] == [
        {"pointer": "/", "detail": "There is an unknown field: reason was meant?"},
        {"pointer": "/", "detail": "There is an unknown field."},
    ]


def test_of_thousands_of_mistakes_it_is_told_only_that_there_are_so_many() -> None:
    class Strict(Body, extra="forbid"):
        pass

    with pytest.raises(ValidationError) as refused:
        Strict.model_validate_json(json.dumps(dict.fromkeys(map(str, range(1_000)), "x")))
    problem = invalid(refused.value, Strict)
    assert (problem.status, problem.detail, problem.members["errors"]) == (
        422,
        "More than 1,000 things are wrong with it.",
        [],
    )
