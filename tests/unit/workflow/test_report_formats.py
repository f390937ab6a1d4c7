"""A report in each format: the same bytes whoever makes it, whole, and nothing in it can become code."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from openpyxl import load_workbook

from amends_domain.measures.figures import Part
from amends_domain.measures.pack import Pack
from amends_domain.measures.reconciling import equation
from amends_platform.http.problems import Problem
from amends_workflow.reports.composing import composed
from amends_workflow.reports.formats import written
from amends_workflow.reports.html_form import as_html
from amends_workflow.reports.json_form import as_json
from amends_workflow.reports.lines import as_csv, guarded
from amends_workflow.reports.media import MEDIA_TYPES, Format, format_of
from amends_workflow.reports.pdf_form import as_pdf
from amends_workflow.reports.xlsx_form import as_xlsx
from tests.unit.domain.test_month_by_hand import MONTHS, SEEDS, pack

ROOT = Path(__file__).parents[3]
HOSTILE = '=HYPERLINK("http://x")</script><script>alert(1)</script>&\u202e'


@cache
def october() -> Pack:
    return pack(SEEDS[0], MONTHS[1])


@cache
def hostile() -> Pack:
    """October, as if somebody had called a branch and a cause what no program should believe."""
    made = october()
    causes = tuple(replace(row, cause=HOSTILE) for row in made.total.causes)
    branches = (replace(made.branches[0], branch=HOSTILE, causes=causes), *made.branches[1:])
    return replace(made, total=replace(made.total, causes=causes), branches=branches)


def digests(made: Pack) -> dict[str, str]:
    """The hash of the report in every format and language."""
    bodies = {"json": as_json(made), "csv": as_csv(made)}
    for language in ("en", "zh"):
        document = composed(made, language)
        for name, write in (("html", as_html), ("xlsx", as_xlsx), ("pdf", as_pdf)):
            bodies[f"{name} {language}"] = write(document)
    return {name: hashlib.sha256(body).hexdigest() for name, body in bodies.items()}


def test_every_part_of_an_equation_is_called_by_its_name_in_words() -> None:
    parts = (Part("received", 3), Part("incidents", 1), Part("history", 2))
    made = replace(october(), reconciliations=(equation("states", None, parts, 6),))
    assert "已受理 3 + 群体性投诉 1 + 历史补录 2" in as_html(composed(made, "zh")).decode()


def test_two_processes_at_two_times_make_the_same_bytes() -> None:
    code = (
        "import json; from tests.unit.workflow.test_report_formats import digests, october;"
        " print(json.dumps(digests(october())))"
    )
    # With other hashes of strings, so that no order rests on them.
    there = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONHASHSEED": "77", "PYTHONPATH": str(ROOT), "TZ": "America/New_York", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert json.loads(there.stdout) == digests(october())


class _Page(HTMLParser):
    """The elements of a page, and those that are still open."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.said = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.said += data


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_stands_by_itself_and_what_it_is_told_is_never_markup(language: str) -> None:
    page = _Page(as_html(composed(hostile(), language)))
    assert "script" not in page.tags
    assert HOSTILE in page.said
    loads = [value for name, value in page.attributes if name in ("src", "href") and not str(value).startswith("#")]
    assert loads == []
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert ("lang", "zh-Hans" if language == "zh" else "en") in page.attributes


def test_every_chart_says_what_it_shows_to_who_cannot_see_it() -> None:
    page = _Page(as_html(composed(october(), "en")))
    charts = page.tags.count("svg")
    assert charts == 4
    assert page.tags.count("desc") == charts
    named = [str(value).split() for name, value in page.attributes if name == "aria-labelledby"]
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {each for pair in named for each in pair} <= set(ids)


def test_a_report_whose_totals_do_not_reconcile_says_so_first() -> None:
    made = october()
    wrong = replace(made.reconciliations[0], difference=3)
    document = composed(replace(made, reconciles=False, reconciliations=(wrong, *made.reconciliations[1:])), "en")
    page = _Page(as_html(document)).said
    assert page.index("1 totals do not reconcile") < page.index("What came")
    assert "Every total reconciles" not in page
    assert b"1 totals do not reconcile" not in as_html(composed(made, "en"))


def test_a_table_has_every_figure_in_a_line_of_its_own_and_numbers_as_they_are() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(october()).decode("utf-8-sig"))))
    assert list(rows[0]) == ["month", "branch", "measure", "part", "value", "unit"]
    told = {(row["branch"], row["measure"], row["part"]): row["value"] for row in rows}
    assert len(told) == len(rows)
    total = october().total
    assert told["(all)", "volumes.complaints", ""] == str(total.volumes.complaints)
    assert told["(all)", "timeliness.kept", "percent"] == str(total.timeliness.kept.percent)
    assert told["(all)", "stays", "received/median_seconds"] == str(total.stays[0].median_seconds)
    assert {row["branch"] for row in rows} == {"(all)", *(str(one.branch) for one in october().branches)}


@pytest.mark.parametrize(
    ("cell", "guarded_cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =x", "'  =x"),
        ("\t=x", "'\t=x"),
        ("-2", "-2"),
        ("-2.50", "-2.50"),
        ("-2+3", "'-2+3"),
        ("harbour", "harbour"),
        ("", ""),
    ],
)
def test_no_cell_of_a_table_is_a_formula(cell: str, guarded_cell: str) -> None:
    assert guarded(cell) == guarded_cell


def test_a_workbook_has_a_sheet_for_each_subject_numbers_as_numbers_and_no_formula() -> None:
    book = load_workbook(io.BytesIO(as_xlsx(composed(hostile(), "en"))))
    assert book.sheetnames[:3] == ["Summary", "What came", "What became of it"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert [cell for cell in cells if cell.data_type == "f"] == []
    assert HOSTILE in [cell.value for cell in cells]
    came = book["What came"]
    header = next(row for row in came.iter_rows() if row[0].value == "Branch")
    total = next(row for row in came.iter_rows(min_row=header[0].row) if row[0].value == "All branches")
    share = hostile().total.volumes.against_quota
    assert share is not None
    assert (total[2].value, total[2].number_format) == (share.whole, "#,##0")
    assert Decimal(str(total[3].value)) == share.percent


def test_paper_is_set_in_both_languages_and_knows_no_markup_in_what_it_is_told() -> None:
    for language in ("en", "zh"):
        assert as_pdf(composed(hostile(), language)).startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("wanted", "accept", "format_"),
    [
        (None, None, Format.JSON),
        (None, "*/*", Format.JSON),
        (None, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", Format.HTML),
        (None, "text/csv;q=0.4, application/pdf;q=0.5", Format.PDF),
        (None, "application/pdf;q=x", Format.JSON),
        (None, f"{MEDIA_TYPES[Format.XLSX]}", Format.XLSX),
        (Format.CSV, "text/html", Format.CSV),
    ],
)
def test_a_format_is_asked_for_by_name_or_by_what_is_accepted(
    wanted: Format | None, accept: str | None, format_: Format
) -> None:
    assert format_of(wanted, accept) is format_


async def test_without_typst_a_pdf_names_the_extra_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(Problem, match=r"amends\[pdf\]") as refused:
        await written(october(), Format.PDF, "en")
    assert (refused.value.status, refused.value.code) == (501, "no-pdf")


async def test_a_file_of_a_branch_has_a_name_that_every_system_takes() -> None:
    made = replace(october(), branch="北街/../x")
    assert (await written(made, Format.CSV, "en")).name == "report-2026-10-______x.csv"
