"""`amends report`: what it shows of a month, in which language, and which formats go where."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from amends_domain.measures.pack import Pack
from amends_platform.cli.report import _format, _summarise
from amends_platform.cli.report_page import show
from amends_platform.failures import Failure, WrongUsage
from amends_platform.words import words
from amends_workflow.reports.json_form import as_json
from tests.unit.domain.test_month_by_hand import MONTHS, SEEDS, pack


@cache
def made() -> Pack:
    return pack(SEEDS[0], MONTHS[1])


@cache
def document() -> dict[str, Any]:
    """As the service answers it."""
    told: dict[str, Any] = json.loads(as_json(made()))
    return told


def test_a_month_is_a_line_a_branch_with_its_clocks_and_the_cases_to_discuss(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(document(), words("en"))
    told = capsys.readouterr().out
    assert told.startswith("Complaints in October 2026\nfrozen, times of Asia/Shanghai\nEvery total reconciles")
    lines = told.splitlines()
    everything = next(line for line in lines if line.startswith("All branches"))
    total = made().total
    assert everything.split()[2:4] == [str(total.volumes.complaints), "60.53%"]
    assert "123.08% ▲" in next(line for line in lines if line.startswith("north-street"))
    assert any(line.startswith("statutory ") for line in lines)
    assert all(any(line.startswith(each.reference) for line in lines) for each in total.discussed)
    assert f"position {made().position:,} of the log" in told


def test_it_speaks_chinese_too(capsys: pytest.CaptureFixture[str]) -> None:
    show(document(), words("zh"))
    told = capsys.readouterr().out
    assert told.startswith("2026年10月投诉月报\n已定稿")
    assert "most" not in told


def test_a_month_whose_totals_do_not_reconcile_is_bad_and_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = replace(made().reconciliations[0], difference=2)
    unsound = replace(made(), reconciles=False, reconciliations=(wrong, *made().reconciliations[1:]))
    with pytest.raises(Failure, match="1 totals do not reconcile"):
        _summarise(as_json(unsound), "en", shown=True)
    assert "kinds" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wanted", "output", "as_json", "format_"),
    [
        (None, None, False, None),
        (None, None, True, "json"),
        (None, "x.pdf", False, "pdf"),
        (None, "x.HTML", False, "html"),
        ("csv", "x.txt", False, "csv"),
        (None, "x.txt", True, "json"),
    ],
)
def test_a_format_is_named_or_follows_from_the_file(
    wanted: str | None, output: str | None, as_json: bool, format_: str | None
) -> None:
    assert _format(wanted, None if output is None else Path(output), as_json=as_json) == format_


@pytest.mark.parametrize(
    ("wanted", "output", "as_json", "says"),
    [
        ("docx", None, False, "docx is none of html"),
        (None, "x.txt", False, "does not say a format"),
        ("pdf", None, True, "two things"),
    ],
)
def test_a_format_that_cannot_be_had_is_wrong_usage(
    wanted: str | None, output: str | None, as_json: bool, says: str
) -> None:
    with pytest.raises(WrongUsage, match=says):
        _format(wanted, None if output is None else Path(output), as_json=as_json)
