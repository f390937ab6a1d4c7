"""The decision records keep what the first of them promises: numbered, dated, listed, and naming checks that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "adr"
RECORDS = sorted(DECISIONS.glob("[0-9]*.md"))
WORDS_MAX = 450


def test_records_are_numbered_without_a_gap() -> None:
    assert [path.name[:5] for path in RECORDS] == [f"{number:04}-" for number in range(1, len(RECORDS) + 1)]


def test_the_index_lists_every_record_under_its_title() -> None:
    listed = re.findall(r"\| \[(\d{4})\]\((\S+)\) \| (.+) \|", (DECISIONS / "README.md").read_text("utf-8"))
    titles = [re.match(r"# (\d{4})\. (.+)", path.read_text("utf-8")) for path in RECORDS]
    assert listed == [
        (title[1], path.name, title[2]) for path, title in zip(RECORDS, titles, strict=True) if title is not None
    ]
    assert len(listed) == len(RECORDS)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name[:4])
def test_a_record_is_dated_has_its_reasons_and_fits_on_half_a_page(path: Path) -> None:
    text = path.read_text("utf-8")
    assert re.search(r"^20\d\d-\d\d-\d\d · (proposed|accepted|superseded by \[\d{4}\])", text, re.MULTILINE)
    for part in ("**Why.**", "**Decision.**", "**What follows.**", "**Enforced by.**"):
        assert text.count(part) == 1, part
    assert len(text.split()) <= WORDS_MAX


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name[:4])
def test_the_checks_that_enforce_a_record_exist(path: Path) -> None:
    enforced = path.read_text("utf-8").partition("**Enforced by.**")[2]
    named = re.findall(r"`((?:tests|shared|services|deploy)/[\w./-]+)`", enforced)
    assert named, "a record names the check that enforces it"
    assert [name for name in named if not (ROOT / name).exists()] == []
