"""A reader's mail of a day: plain text, and the same as HTML; references and times, and no word of a customer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from amends_platform.digest.queue import SECTIONS, Item, Today
from amends_platform.digest.readers import Reader, Readers
from amends_platform.words import Words, message, words

if TYPE_CHECKING:
    from jinja2 import Template

# A mail is read; whoever has more is better served by the console.
LINES_MAX: Final = 100

_HEADINGS: Final[Mapping[str, str]] = {
    "breached": message("Breached since yesterday"),
    "overdue": message("Overdue"),
    "today": message("Due today"),
    "reminded": message("Reminded of since yesterday"),
    "promised": message("Promised for later"),
}


class Line(NamedTuple):
    """One item, in words. `url`: its case in the console, where there is one."""

    reference: str
    said: str
    url: str | None


class Section(NamedTuple):
    """`more`: how many are left out; "" when none is."""

    heading: str
    lines: list[Line]
    more: str


def written(readers: Readers, reader: Reader, items: list[Item], today: Today) -> EmailMessage:
    """The mail. Written twice on a day it has the same Message-ID, so that a mailbox may know it again."""
    said = words(reader.language)
    subject = _subject(said, items, today)
    sections = [section for name in SECTIONS if (section := _section(said, readers, reader, items, name, today))]
    opening, closing = _opening(said, reader, today), said.text("No personal data is in this mail.")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = readers.sender
    mail["To"] = Address(addr_spec=reader.address)
    mail["Subject"] = subject
    mail["Date"] = format_datetime(today.local)
    mail["Message-ID"] = _message_id(readers, reader, today)
    # Source: RFC 3834. Answering machines leave it alone.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_plain(opening, sections, closing, readers.console_url))
    mail.add_alternative(
        _template().render(
            language=reader.language,
            subject=subject,
            opening=opening,
            sections=sections,
            closing=closing,
            console_url=readers.console_url,
        ),
        subtype="html",
    )
    # Not before: setting a content takes such headers away.
    mail["Content-Language"] = reader.language
    return mail


def _subject(said: Words, items: list[Item], today: Today) -> str:
    counts = {name: sum(item.section == name for item in items) for name in SECTIONS}
    parts = [
        said.plural("{count} overdue", "{count} overdue", count)
        if (count := counts["breached"] + counts["overdue"])
        else "",
        said.plural("{count} due today", "{count} due today", count) if (count := counts["today"]) else "",
    ]
    told = said.clauses(parts)
    day = said.day(today.local.date())
    return (
        said.text("Complaints, {day}: {told}", day=day, told=told) if told else said.text("Complaints, {day}", day=day)
    )


def _opening(said: Words, reader: Reader, today: Today) -> str:
    at = _at(said, today.now, today)
    if reader.is_branch:
        return said.text("What the owners of cases at {branch} have to do, as of {at}.", branch=reader.name, at=at)
    return said.text("What you have to do, as of {at}.", at=at)


def _section(
    said: Words, readers: Readers, reader: Reader, items: list[Item], name: str, today: Today
) -> Section | None:
    theirs = [item for item in items if item.section == name]
    if not theirs:
        return None
    left = len(theirs) - LINES_MAX
    more = said.plural("and {count} more", "and {count} more", left) if left > 0 else ""
    heading = said.text("{heading} ({count})", heading=said.text(_HEADINGS[name]), count=f"{len(theirs):,}")
    return Section(heading, [_line(said, readers, reader, item, today) for item in theirs[:LINES_MAX]], more)


def _line(said: Words, readers: Readers, reader: Reader, item: Item, today: Today) -> Line:
    due = said.text(
        "{clock}: due {at} ({left})",
        clock=said.term("clock", item.clock),
        at=_at(said, item.due_at, today),
        left=said.until(item.due_at, today.now),
    )
    parts = [due, said.term("state", item.state)]
    if item.grade != "ordinary":
        parts.append(said.term("grade", item.grade))
    if reader.is_branch:
        parts.append(item.owner)
    url = f"{readers.console_url}/cases/{item.reference}" if readers.console_url else None
    return Line(item.reference, said.clauses(parts), url)


def _at(said: Words, at: datetime, today: Today) -> str:
    return said.instant(at, today.policy.calendar.timezone)


def _plain(opening: str, sections: list[Section], closing: str, console_url: str | None) -> str:
    lines = [opening]
    for section in sections:
        lines += ["", section.heading]
        for line in section.lines:
            lines.append(f"  {line.reference}  {line.said}")
            if line.url:
                lines.append(f"    {line.url}")
        if section.more:
            lines.append(f"  {section.more}")
    return "\n".join([*lines, "", " ".join(filter(None, (closing, console_url))), ""])


def _message_id(readers: Readers, reader: Reader, today: Today) -> str:
    sender = readers.sender
    of = hashlib.sha256(f"{sender.addr_spec}\n{reader.key}\n{reader.address}".encode()).hexdigest()[:24]
    return f"<digest.{today.local:%Y%m%d}.{of}@{sender.domain}>"


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("amends_platform.digest"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("digest.html")
