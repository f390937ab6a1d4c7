"""A page of HTML for people who keep it: nothing is loaded, nothing runs, and it prints.

Made as a tree that the library serialises: what people wrote cannot become markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

_DOCTYPE: Final = "<!DOCTYPE html>\n"
# A browser would obey this even if a script ever got in.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def new_page(title: str, language: str = "en", more_style: str = "") -> tuple[Element, Element]:
    """A page with nothing in it, and its body. `more_style` is CSS that it has besides that of every page."""
    page = Element("html", lang="zh-Hans" if language == "zh" else language)
    head = SubElement(page, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY})
    SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    text(head, "title", title)
    text(head, "style", _style() + more_style)
    return page, SubElement(page, "body")


def written(page: Element) -> bytes:
    """The page in UTF-8."""
    return (_DOCTYPE + tostring(page, encoding="unicode", method="html") + "\n").encode()


def section(body: Element, heading: str) -> Element:
    """A part of the page under its heading."""
    part = SubElement(body, "section")
    text(part, "h2", heading)
    return part


def facts(body: Element, heading: str, told: Iterable[tuple[str, str]]) -> None:
    """A section of names, each with what there is to say."""
    listed = SubElement(section(body, heading), "dl")
    for name, words in told:
        text(listed, "dt", name)
        text(listed, "dd", words)


def table(part: Element, columns: Sequence[str], rows: Iterable[Sequence[str]], *, last: str | None = None) -> Element:
    """A table with these rows, times first; its body, for more of them. `last` is the class of the last column."""
    made = SubElement(part, "table")
    titles = SubElement(SubElement(made, "thead"), "tr")
    for column in columns:
        text(titles, "th", column)
    body = SubElement(made, "tbody")
    for cells in rows:
        row = SubElement(body, "tr")
        for number, cell in enumerate(cells):
            kind = last if number == len(cells) - 1 else "time" if number == 0 else None
            text(row, "td", cell, kind)
    return body


def text(parent: Element, tag: str, words: str, kind: str | None = None) -> None:
    """An element that holds these words. `kind` is its class."""
    SubElement(parent, tag, {"class": kind} if kind is not None else {}).text = words


@cache
def _style() -> str:
    return (files("amends_platform") / "page.css").read_text(encoding="utf-8")
