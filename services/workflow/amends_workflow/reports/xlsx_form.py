"""A report as a workbook: a sheet for each section, numbers as numbers; the same bytes for the same document."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from amends_platform.words import words
from amends_workflow.reports.document import Bars, Column, Document, Section, Stack, Table, Unit, Value
from amends_workflow.reports.wording import Said

# A workbook says when it was made. Ours is of its month, whenever that is.
_MADE_AT: Final = datetime(2000, 1, 1, tzinfo=UTC)
_FORMATS: Final = {
    Unit.COUNT: "#,##0",
    Unit.PERCENT: '0.00"%"',
    Unit.NUMBER: "#,##0.00",
    Unit.SECONDS: "[h]:mm:ss",
    Unit.TIME: "yyyy-mm-dd hh:mm",
}
_HEATS: Final = ("", "#F3E7DC", "#E9CDB4", "#DCAE88", "#CF9160")
_NOT_IN_A_NAME: Final = re.compile(r"[\[\]:*?/\\']")
_NAME_MAX: Final = 31
_DAY_SECONDS: Final = 86_400


def as_xlsx(document: Document) -> bytes:
    """The workbook. Nothing in it is a formula: what people wrote is text, however it begins."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = Workbook(out, options)
    workbook.set_properties({"title": document.title, "created": _MADE_AT.replace(tzinfo=None)})
    sheets = _Sheets(workbook, document)
    sheets.summary()
    for section in document.sections:
        sheets.section(section)
    workbook.close()
    return _undated(out.getvalue())


def _undated(raw: bytes) -> bytes:
    """The archive with no times of its own, whatever the machine's."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as fixed:
        for each in sorted(made.namelist()):
            info = zipfile.ZipInfo(each, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            fixed.writestr(info, made.read(each))
    return out.getvalue()


class _Sheets:
    """The sheets of one workbook."""

    def __init__(self, workbook: Any, document: Document) -> None:
        self._workbook = workbook
        self._document = document
        self._zone = ZoneInfo(document.zone)
        self._said = Said(words(document.language), document.zone)
        self._names: set[str] = set()
        self._made: dict[tuple[Unit, bool, int], Any] = {}
        self._title = workbook.add_format({"bold": True, "font_size": 16})
        self._heading = workbook.add_format({"bold": True, "font_size": 12})
        self._columns = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._soft = workbook.add_format({"font_color": "#5B6670"})
        self._warning = workbook.add_format({"bold": True, "font_color": "#A3231D"})

    def summary(self) -> None:
        document = self._document
        sheet = self._sheet(self._said.words.text("Summary"))
        sheet.write_string(0, 0, document.title, self._title)
        sheet.write_string(1, 0, document.subtitle, self._soft)
        sheet.write_string(2, 0, document.warning or document.assurance, self._warning if document.warning else None)
        row = 4
        for headline in document.headlines:
            for column, cell in enumerate((headline.label, headline.value, headline.note)):
                sheet.write_string(row, column, cell)
            row += 1
        row += 1
        for name, told in document.facts:
            sheet.write_string(row, 0, name, self._soft)
            sheet.write_string(row, 1, told)
            row += 1
        sheet.write_string(row + 1, 0, document.note, self._soft)
        sheet.set_column(0, 0, 32)
        sheet.set_column(1, 2, 24)

    def section(self, section: Section) -> None:
        sheet = self._sheet(section.title)
        sheet.write_string(0, 0, section.title, self._title)
        if section.lead:
            sheet.write_string(1, 0, section.lead, self._soft)
        row = 3
        for block in section.blocks:
            # What is drawn elsewhere stands in the tables here, but for the answers, which are a whole by themselves.
            table = _as_table(block, self._said) if isinstance(block, Stack) else block
            if not isinstance(table, Bars):
                row = self._table(sheet, table, row) + 2
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 12, 15)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)

    def _sheet(self, title: str) -> Any:
        name = _NOT_IN_A_NAME.sub(" ", title)[:_NAME_MAX]
        while name.lower() in self._names:
            name = f"{name[: _NAME_MAX - 1]}…"
        self._names.add(name.lower())
        return self._workbook.add_worksheet(name)

    def _table(self, sheet: Any, table: Table, row: int) -> int:
        sheet.write_string(row, 0, table.title, self._heading)
        row += 1
        for number, column in enumerate(table.columns):
            sheet.write_string(row, number, column.title, self._columns)
        for number, cells in enumerate(table.rows):
            row += 1
            for place, (value, column) in enumerate(zip(cells, table.columns, strict=True)):
                look = self._format(
                    Unit.TEXT if isinstance(value, str) else column.unit,
                    is_total=table.is_total(number),
                    heat=table.heat(number, place),
                )
                self._cell(sheet, row, place, value, column, look)
        if table.note:
            row += 1
            sheet.write_string(row, 0, table.note, self._soft)
        return row

    def _cell(self, sheet: Any, row: int, place: int, value: Value, column: Column, look: Any) -> None:
        if isinstance(value, str):
            sheet.write_string(row, place, value, look)
        elif isinstance(value, datetime):
            sheet.write_datetime(row, place, value.astimezone(self._zone).replace(tzinfo=None), look)
        elif value is not None:
            # A length of time is a part of a day there.
            sheet.write_number(
                row, place, value / Decimal(_DAY_SECONDS) if column.unit is Unit.SECONDS else value, look
            )

    def _format(self, unit: Unit, *, is_total: bool, heat: int) -> Any:
        key = unit, is_total, heat
        if key not in self._made:
            options: dict[str, Any] = {"num_format": _FORMATS.get(unit, "@")}
            if is_total:
                options |= {"bold": True, "top": 1}
            if heat:
                options["bg_color"] = _HEATS[heat]
            self._made[key] = self._workbook.add_format(options)
        return self._made[key]


def _as_table(stack: Stack, said: Said) -> Table:
    columns = (Column(said.words.text("Answer")), Column(said.words.text("answers"), Unit.COUNT))
    return Table(stack.title, columns, tuple((each.label, each.size) for each in stack.slices))
