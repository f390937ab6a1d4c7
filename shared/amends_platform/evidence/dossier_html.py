"""The dossier as one page of HTML: nothing is loaded, nothing runs, and it prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from amends_platform.evidence.dossier import ClockTold, Dossier, EntryTold
from amends_platform.page import facts, new_page, section, table, text, written

# A row with more than this may be cut between two pages: kept whole, it would leave the rest of the page empty.
_LONG_CHARACTERS: Final = 900


def html_of(dossier: Dossier) -> bytes:
    """The page in UTF-8."""
    page, body = new_page(f"Case {dossier.reference}")
    _title(body, dossier)
    facts(body, "The case", dossier.facts)
    if dossier.customer:
        facts(body, "The customer", dossier.customer)
    if dossier.narrative:
        quote = SubElement(section(body, "In the customer's words"), "blockquote")
        for paragraph in dossier.narrative:
            text(quote, "p", paragraph)
    _clocks(body, dossier.clocks)
    if dossier.contacts:
        rows = [(each.at, each.how, each.outcome, each.spoken_by) for each in dossier.contacts]
        table(section(body, "Contacts with the customer"), ("When", "How", "Outcome", "Spoken by"), rows)
    _timeline(body, dossier.timeline)
    policies = [(f"{each.name} {each.version}", each.events, each.hash) for each in dossier.policies]
    table(section(body, "Judged by"), ("Policy", "Events", "SHA-256 of its content"), policies, last="hash")
    facts(body, "Proof", dossier.proof)
    return written(page)


def _title(body: Element, dossier: Dossier) -> None:
    header = SubElement(body, "header")
    text(header, "h1", f"Case {dossier.reference}")
    text(header, "p", f"{dossier.status} · times of {dossier.zone}")
    if dossier.notice is not None:
        text(body, "p", dossier.notice, "notice")


def _clocks(body: Element, clocks: Sequence[ClockTold]) -> None:
    part = section(body, "Clocks")
    if not clocks:
        text(part, "p", "No clock ever ran on this case.")
        return
    rows = table(part, ("Clock", "Verdict", "From", "Due", "Ended"), ())
    for clock in clocks:
        row = SubElement(rows, "tr", {"class": "clock"} if clock.explanation else {})
        text(row, "td", clock.name)
        text(row, "td", clock.verdict, clock.verdict)
        for at in (clock.started_at, clock.due_at, clock.ended_at):
            text(row, "td", at, "time")
        if clock.explanation:
            below = SubElement(SubElement(rows, "tr", {"class": "explanation"}), "td", colspan="5")
            below.text = clock.explanation


def _timeline(body: Element, entries: Iterable[EntryTold]) -> None:
    rows = table(section(body, "What happened"), ("", "Recorded", "What", "By"), ())
    for entry in entries:
        is_long = sum(map(len, entry.words)) > _LONG_CHARACTERS
        row = SubElement(rows, "tr", {"class": "long"} if is_long else {})
        text(row, "td", str(entry.version), "number")
        text(row, "td", entry.at, "time")
        what = SubElement(row, "td")
        text(what, "div", entry.sentence, "breach" if entry.is_breach else None)
        for paragraph in entry.words:
            text(what, "p", paragraph, "words")
        text(row, "td", entry.actor)
