"""The report of a replay as one page of HTML."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from amends_platform.page import facts, new_page, section, table, text, written
from amends_platform.replaying.messages import MessagesCompared
from amends_platform.replaying.report import PolicyUse, Report

# What the counts of `Replayed.compared` are of.
_COMPARED: Final = {
    "cases": "rows of the live state, every column",
    "deadlines": "runs of clocks: when each was due, how it ended, by which policy",
    "timers": "timers, for what is yet to fall due",
    "alerts": "reminders, breaches and steps of a ladder, with what the policies then in force called for",
}


def html_of(report: Report) -> bytes:
    """The page in UTF-8."""
    page, body = new_page(f"Replay of {report.subject}")
    _title(body, report)
    facts(body, "What was replayed", _replayed(report))
    facts(body, "What was compared", _compared(report))
    if report.compared:
        _differences(section(body, "Differences"), report)
    states = [(state, f"{cases:,}") for state, cases in sorted(report.replayed.states.items())]
    table(section(body, "How the cases stand"), ("State", "Cases"), states)
    policies = [(_name(policy), f"{policy.events:,}", _positions(policy), policy.hash) for policy in report.policies]
    columns = ("Policy", "Events", "Positions", "SHA-256 of its content")
    table(section(body, "Judged by"), columns, policies, last="hash")
    facts(body, "Proof", _proof(report))
    return written(page)


def _title(body: Element, report: Report) -> None:
    header = SubElement(body, "header")
    text(header, "h1", f"Replay of {report.subject}")
    text(header, "p", f"Made on {report.made_at:%Y-%m-%d at %H:%M:%S} UTC by {report.made_by}")
    count = len(report.replayed.differences)
    if not report.compared:
        return
    if count:
        text(body, "p", f"{count:,} {'difference' if count == 1 else 'differences'}: see below.", "notice")
    else:
        text(body, "p", "What was recorded is what the log and the policies make it. Nothing differs.", "notice sound")


def _replayed(report: Report) -> Iterator[tuple[str, str]]:
    replayed = report.replayed
    yield "events", f"{replayed.events:,}, each decoded and folded into its case anew; nothing was unsealed"
    yield "cases", f"{replayed.cases:,}"
    yield "up to", f"position {replayed.position:,} of the log"


def _compared(report: Report) -> Iterator[tuple[str, str]]:
    if not report.compared:
        yield "nothing", "of the past there is no live state to compare with"
        return
    for what, count in report.replayed.compared.items():
        yield what, f"{count:,} {_COMPARED[what]}"
    messages = report.messages
    if isinstance(messages, str):
        yield "messages", f"not compared: {messages}"
        return
    yield "messages", f"{messages.messages:,} that the stream holds, with what the log says of {_published(messages)}"
    if messages.repeated:
        yield "", f"{messages.repeated:,} of them are repeats, word for word, as may be"
    if messages.older:
        yield "", f"{messages.older:,} of them lack fields that this release adds"
    if messages.forgotten:
        yield (
            "",
            f"of {messages.forgotten:,} events the stream, which does not keep everything, has no message any more",
        )


def _published(messages: MessagesCompared) -> str:
    checkpoints = f" and {messages.checkpoints:,} signed checkpoints" if messages.checkpoints else ""
    return f"{messages.events:,} events{checkpoints}, published up to position {messages.published:,}"


def _differences(part: Element, report: Report) -> None:
    if not report.replayed.differences:
        text(part, "p", "None.")
        return
    rows = table(part, ("Position", "Case", "Event", "What differs"), ())
    for difference in report.replayed.differences:
        row = SubElement(rows, "tr")
        text(row, "td", f"{difference.position:,}" if difference.position else "–", "number")
        case = SubElement(row, "td")
        text(case, "div", difference.reference or "–")
        if difference.case_id.int:
            text(case, "div", str(difference.case_id), "hash")
        about, event = SubElement(row, "td"), report.events.get(difference.position)
        if event is not None:
            text(about, "div", f"{event.type}, version {event.version}")
            text(about, "div", f"{event.recorded_at:%Y-%m-%d %H:%M:%S} UTC", "time")
        text(row, "td", difference.what, "breach")


def _name(policy: PolicyUse) -> str:
    return f"{policy.name} {policy.version}" if policy.name else "not in the database"


def _positions(policy: PolicyUse) -> str:
    return f"{policy.first_position:,} to {policy.last_position:,}"


def _proof(report: Report) -> Iterator[tuple[str, str]]:
    checkpoint = report.checkpoint
    if checkpoint is None:
        yield "checkpoint", "none was signed yet"
        return
    covers = "all" if checkpoint.tree_size >= report.replayed.position else "not all"
    yield "checkpoint", f"of {checkpoint.tree_size:,} events, which is {covers} of what was replayed"
    yield "root", base64.b64encode(checkpoint.root_hash).decode()
    yield "signed at", f"{checkpoint.signed_at:%Y-%m-%d %H:%M:%S} UTC"
    yield "checked by", "amends verify, which holds the log against it; this report does not"
