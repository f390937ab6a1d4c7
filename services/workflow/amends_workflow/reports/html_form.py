"""A report as a page that stands by itself: it loads nothing, runs nothing, and prints."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from xml.etree.ElementTree import Element, SubElement

from amends_platform.page import new_page, section, text, written
from amends_platform.words import words
from amends_workflow.reports.charts import bars_chart, stack_chart
from amends_workflow.reports.document import Bars, Document, Section, Stack, Table, Unit
from amends_workflow.reports.wording import Said

_NARROW = 4
# So many characters are no name: they want a column to be read in.
_LONG = 40


def as_html(document: Document) -> bytes:
    """The page, the same bytes for the same document."""
    said = Said(words(document.language), document.zone)
    page, body = new_page(document.title, document.language, _style())
    header = SubElement(body, "header")
    text(header, "h1", document.title)
    text(header, "p", document.subtitle)
    main = SubElement(body, "main")
    add_summary(main, document)
    nav = SubElement(SubElement(main, "nav", {"aria-label": said.words.text("Sections")}), "ul")
    for each in document.sections:
        text_link(SubElement(nav, "li"), f"#{each.name}", each.title)
    for each in document.sections:
        add_section(main, each, said)
    _facts(main, document, said)
    return written(page)


def add_summary(parent: Element, document: Document) -> None:
    """What is seen first: whether the totals reconcile, and the headlines."""
    if document.warning:
        text(parent, "p", document.warning, "notice")
    else:
        text(parent, "p", document.assurance, "notice sound")
    listed = SubElement(parent, "ul", {"class": "headlines"})
    for headline in document.headlines:
        item = SubElement(listed, "li", {"class": "over"} if headline.is_bad else {})
        text(item, "span", headline.label, "name")
        text(item, "span", headline.value, "value")
        # Not by colour alone.
        text(item, "span", f"▲ {headline.note}" if headline.is_bad else headline.note, "remark")


def add_section(parent: Element, of: Section, said: Said, cases_at: str | None = None) -> None:
    """A section with its tables and charts. `cases_at`: a path under which each case has a page."""
    part = section(parent, of.title)
    part.set("id", of.name)
    if of.lead:
        text(part, "p", of.lead, "lead")
    for number, block in enumerate(of.blocks):
        if isinstance(block, Table):
            _table(part, block, said, cases_at)
        else:
            _chart(part, block, f"{of.name}-{number}")


def text_link(parent: Element, href: str, told: str) -> None:
    SubElement(parent, "a", href=href).text = told


def _chart(part: Element, block: Bars | Stack, name: str) -> None:
    # On a phone it is moved sideways, also by keys.
    figure = SubElement(part, "figure", {"tabindex": "0", "aria-label": block.title})
    text(figure, "figcaption", block.title)
    figure.append(bars_chart(block, name) if isinstance(block, Bars) else stack_chart(block, name))


def _table(part: Element, table: Table, said: Said, cases_at: str | None) -> None:
    text(part, "h3", table.title)
    if not table.rows:
        text(part, "p", said.words.text("None."), "remark")
        return
    # What is wider than a page may be moved sideways, also by keys.
    around = {
        "class": "wide" if len(table.columns) > _NARROW else "narrow",
        "tabindex": "0",
        "role": "region",
        "aria-label": table.title,
    }
    made = SubElement(SubElement(part, "div", around), "table")
    titles = SubElement(SubElement(made, "thead"), "tr")
    for column in table.columns:
        of = {"class": "figure"} if column.is_figure else {}
        SubElement(titles, "th", {"scope": "col", **of}).text = column.title
    body = SubElement(made, "tbody")
    for number, row in enumerate(table.rows):
        cells = SubElement(body, "tr", {"class": "total"} if table.is_total(number) else {})
        for place, (value, column) in enumerate(zip(row, table.columns, strict=True)):
            told = said.value(value, column)
            plain = "figure" if column.is_figure else "long" if len(told) > _LONG else ""
            heat = table.heat(number, place)
            kind = f"{plain} heat{heat}" if heat else plain
            if place == 0:
                cell = SubElement(cells, "th", scope="row")
            else:
                cell = SubElement(cells, "td", {"class": kind} if kind else {})
            if column.unit is Unit.CASE and cases_at is not None:
                text_link(cell, f"{cases_at}/{told}", told)
            else:
                cell.text = told
    if table.note:
        text(part, "p", table.note, "remark")


def _facts(main: Element, document: Document, said: Said) -> None:
    part = section(main, said.words.text("Made from"))
    listed = SubElement(part, "dl")
    for name, told in document.facts:
        text(listed, "dt", name)
        text(listed, "dd", told)
    text(part, "p", document.note, "remark")


@cache
def _style() -> str:
    return (files("amends_workflow.reports") / "report.css").read_text(encoding="utf-8")
