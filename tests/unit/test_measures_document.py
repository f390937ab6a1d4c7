"""docs/measures.md is true: it has every figure that a pack has, and no other, and what it names exists."""

from __future__ import annotations

import ast
import dataclasses
import re
import typing
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from amends_domain.event_codec import EVENT_TYPES
from amends_domain.measures.discussed import RULES
from amends_domain.measures.figures import Counted, Figures, IndexFigures, Share

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "measures.md").read_text("utf-8")
_CODE = re.compile(r"`([^`]+)`")
# What is one measure, however many numbers it has.
_WHOLE = (Share, IndexFigures)


class Measure(NamedTuple):
    """A row of the page."""

    name: str
    definition: str
    denominator: str
    events: tuple[str, ...]
    test: str


def _rows(columns: int) -> list[list[str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("|")]
    return [row for row in rows if len(row) == columns and row[0].startswith("`")]


MEASURES = [
    Measure(row[0].strip("`"), row[1], row[2], tuple(_CODE.findall(row[3])), row[4].strip("`")) for row in _rows(5)
]


def _figures() -> list[str]:
    """Every figure by its path in the JSON of a branch."""
    paths: list[str] = []
    for name, hint in typing.get_type_hints(Figures).items():
        options = [each for each in (hint, *typing.get_args(hint)) if dataclasses.is_dataclass(each)]
        is_list = typing.get_origin(hint) is tuple
        if not options or is_list or options[0] in _WHOLE:
            paths.append(name)
        else:
            paths += [f"{name}.{field.name}" for field in dataclasses.fields(typing.cast("type[Counted]", options[0]))]
    return [path for path in paths if path != "branch"]


@cache
def _tests_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_figure_is_defined_once_and_nothing_else_is() -> None:
    assert sorted(measure.name for measure in MEASURES) == sorted(_figures())


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_what_a_measure_names_exists(measure: Measure) -> None:
    assert measure.definition
    assert measure.denominator
    assert set(measure.events) <= EVENT_TYPES
    file, _, name = measure.test.partition("::")
    assert name in _tests_in(file), f"there is no {measure.test}"


def test_every_rule_that_names_a_case_is_stated_in_its_order() -> None:
    stated = TEXT.partition("## Ten cases worth discussing")[2].partition("\n## ")[0]
    assert tuple(_CODE.findall(line)[0] for line in stated.splitlines() if line.startswith("| `")) == RULES
