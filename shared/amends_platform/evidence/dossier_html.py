"""The dossier as one page of HTML: nothing is loaded, nothing runs, and it prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from amends_platform.evidence.dossier import ClockTold, Dossier, EntryTold

_DOCTYPE: Final = "<!DOCTYPE html>\n"
# A browser would obey this even if a script ever got in.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
# A row with more than this may be cut between two pages: kept whole, it would leave the rest of the page empty.
_LONG_CHARACTERS: Final = 900


def html_of(dossier: Dossier) -> bytes:
    """The page in UTF-8. The tree is serialised by the library: what people wrote cannot become markup."""
    page = Element("html", lang="en")
    _head(page, f"Case {dossier.reference}")
    body = SubElement(page, "body")
    _title(body, dossier)
    _facts(body, "The case", dossier.facts)
    if dossier.customer:
        _facts(body, "The customer", dossier.customer)
    if dossier.narrative:
        quote = SubElement(_section(body, "In the customer's words"), "blockquote")
        for paragraph in dossier.narrative:
            _text(quote, "p", paragraph)
    _clocks(body, dossier.clocks)
    if dossier.contacts:
        rows = [(each.at, each.how, each.outcome, each.spoken_by) for each in dossier.contacts]
        _table(_section(body, "Contacts with the customer"), ("When", "How", "Outcome", "Spoken by"), rows)
    _timeline(body, dossier.timeline)
    policies = [(f"{each.name} {each.version}", each.events, each.hash) for each in dossier.policies]
    _table(_section(body, "Judged by"), ("Policy", "Events", "SHA-256 of its content"), policies, last="hash")
    _facts(body, "Proof", dossier.proof)
    return (_DOCTYPE + tostring(page, encoding="unicode", method="html") + "\n").encode()


def _head(page: Element, title: str) -> None:
    head = SubElement(page, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY})
    SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    _text(head, "title", title)
    _text(head, "style", _style())


@cache
def _style() -> str:
    return (files("amends_platform.evidence") / "dossier.css").read_text(encoding="utf-8")


def _title(body: Element, dossier: Dossier) -> None:
    header = SubElement(body, "header")
    _text(header, "h1", f"Case {dossier.reference}")
    _text(header, "p", f"{dossier.status} · times of {dossier.zone}")
    if dossier.notice is not None:
        _text(body, "p", dossier.notice, "notice")


def _facts(body: Element, heading: str, facts: Iterable[tuple[str, str]]) -> None:
    listed = SubElement(_section(body, heading), "dl")
    for name, words in facts:
        _text(listed, "dt", name)
        _text(listed, "dd", words)


def _clocks(body: Element, clocks: Sequence[ClockTold]) -> None:
    section = _section(body, "Clocks")
    if not clocks:
        _text(section, "p", "No clock ever ran on this case.")
        return
    rows = _table(section, ("Clock", "Verdict", "From", "Due", "Ended"), ())
    for clock in clocks:
        row = SubElement(rows, "tr", {"class": "clock"} if clock.explanation else {})
        _text(row, "td", clock.name)
        _text(row, "td", clock.verdict, clock.verdict)
        for at in (clock.started_at, clock.due_at, clock.ended_at):
            _text(row, "td", at, "time")
        if clock.explanation:
            below = SubElement(SubElement(rows, "tr", {"class": "explanation"}), "td", colspan="5")
            below.text = clock.explanation


def _timeline(body: Element, entries: Iterable[EntryTold]) -> None:
    rows = _table(_section(body, "What happened"), ("", "Recorded", "What", "By"), ())
    for entry in entries:
        is_long = sum(map(len, entry.words)) > _LONG_CHARACTERS
        row = SubElement(rows, "tr", {"class": "long"} if is_long else {})
        _text(row, "td", str(entry.version), "number")
        _text(row, "td", entry.at, "time")
        what = SubElement(row, "td")
        _text(what, "div", entry.sentence, "breach" if entry.is_breach else None)
        for paragraph in entry.words:
            _text(what, "p", paragraph, "words")
        _text(row, "td", entry.actor)


def _table(
    section: Element, columns: Sequence[str], rows: Iterable[Sequence[str]], *, last: str | None = None
) -> Element:
    """A table with these rows, times first; its body, for more of them. `last` is the class of the last column."""
    table = SubElement(section, "table")
    titles = SubElement(SubElement(table, "thead"), "tr")
    for column in columns:
        _text(titles, "th", column)
    body = SubElement(table, "tbody")
    for cells in rows:
        row = SubElement(body, "tr")
        for number, cell in enumerate(cells):
            kind = last if number == len(cells) - 1 else "time" if number == 0 else None
            _text(row, "td", cell, kind)
    return body


def _section(body: Element, heading: str) -> Element:
    section = SubElement(body, "section")
    _text(section, "h2", heading)
    return section


def _text(parent: Element, tag: str, text: str, kind: str | None = None) -> None:
    SubElement(parent, tag, {"class": kind} if kind is not None else {}).text = text
