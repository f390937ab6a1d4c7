"""The threat model names what stands in the way of each threat, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| ---")]


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:tests|shared|services|deploy|docs)/[^`]+|SECURITY\.md)`", TEXT))
    assert len(named) > 50
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_every_setting_that_is_named_is_one() -> None:
    known = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert [name for name in set(re.findall(r"`(AMENDS_\w+)`", TEXT)) if name not in known] == []


@pytest.mark.parametrize("number", range(1, 11))
def test_each_of_the_ten_is_answered_once(number: int) -> None:
    assert sum(row.startswith(f"| API{number} |") for row in ROWS) == 1


def test_every_item_says_whether_it_is_met_and_where_or_why_not() -> None:
    items = [[cell.strip() for cell in row.strip("|").split("|")] for row in ROWS if re.match(r"\| (\d|V\d)", row)]
    for item, _, where in (row for row in items if row[1] in ("met", "partly", "not")):
        assert re.fullmatch(r"(\d+\.\d+\.\d+(, )?)+|V\d+", item), item
        assert where, item
    assert sum(row[1] in ("met", "partly", "not") for row in items) > 30
