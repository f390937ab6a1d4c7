"""XES: every case a trace, in order of the case ids, its events in the order in which they were recorded.

Source: IEEE 1849-2016, with its extensions concept, time, lifecycle and organizational.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from amends_domain.reference import reference_of
from amends_platform.exporting.cases import Step, lives
from amends_platform.exporting.counting import Counted, OnProgress, Out
from amends_platform.exporting.extract import Entry, Extract
from amends_platform.exporting.fields import Kind, kinds_of, plain
from amends_platform.exporting.objects import CASE_ATTRIBUTES, case_attributes

_EXTENSIONS: Final = (
    ("Concept", "concept"),
    ("Time", "time"),
    ("Lifecycle", "lifecycle"),
    ("Organizational", "org"),
)
_TAGS: Final = {
    Kind.TEXT: "string",
    Kind.WHOLE: "int",
    Kind.TRUTH: "boolean",
    Kind.TIME: "date",
    Kind.LIST: "string",
    Kind.OBJECT: "string",
}
# What a tool may assume of an event that says no time.
_ALWAYS: Final = "1970-01-01T00:00:00+00:00"
# What XML 1.0 cannot hold, not even escaped.
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


async def write_xes(extract: Extract, out: Out, on_progress: OnProgress) -> Counted:
    """Write the document. Raises UnknownEventType, BrokenStream, CannotUnseal."""
    out.write(_beginning(extract).encode())
    events = cases = 0
    async for life in lives(extract, lambda told: on_progress("events", told, extract.scope.until)):
        entries = [step.entry for step in life if step.in_scope]
        out.write("".join(_trace(life, entries, personal=extract.personal)).encode())
        events += len(entries)
        cases += 1
    out.write(b"</log>\n")
    return Counted(events, cases)


def _beginning(extract: Extract) -> str:
    extensions = "".join(
        f'<extension name="{name}" prefix="{prefix}" uri="http://www.xes-standard.org/{prefix}.xesext"/>\n'
        for name, prefix in _EXTENSIONS
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
        f"{extensions}"
        f'<global scope="trace">\n{_attribute("string", "concept:name", "unknown")}</global>\n'
        f'<global scope="event">\n{_attribute("string", "concept:name", "unknown")}'
        f"{_attribute('date', 'time:timestamp', _ALWAYS)}"
        f"{_attribute('string', 'lifecycle:transition', 'complete')}"
        f"{_attribute('string', 'org:resource', 'unknown')}</global>\n"
        '<classifier name="Activity" keys="concept:name"/>\n'
        '<classifier name="Activity and resource" keys="concept:name org:resource"/>\n'
        f"{_attribute('string', 'concept:name', f'complaints of {extract.tenant}')}"
        f"{_attribute('string', 'lifecycle:model', 'standard')}"
        f"{_attribute('int', 'first_position', extract.scope.after + 1)}"
        f"{_attribute('int', 'last_position', extract.scope.until)}"
    )


def _trace(life: Sequence[Step], entries: Sequence[Entry], *, personal: bool) -> Iterator[str]:
    """`life` is the whole case, `entries` are the events to tell of it."""
    case = life[-1].case
    yield "<trace>\n"
    yield _attribute("string", "concept:name", reference_of(case.first_position))
    yield _attribute("id", "case_id", case.id)
    yield _attribute("string", "customer", case.customer_ref)
    yield from _attributes(case_attributes(case), CASE_ATTRIBUTES)
    for entry in entries:
        yield from _event(entry, personal=personal)
    yield "</trace>\n"


def _event(entry: Entry, *, personal: bool) -> Iterator[str]:
    event = entry.event
    yield "<event>\n"
    yield _attribute("string", "concept:name", event.type)
    yield _attribute("date", "time:timestamp", event.occurred_at)
    yield _attribute("string", "lifecycle:transition", "complete")
    yield _attribute("string", "org:resource", event.actor)
    yield _attribute("string", "org:group", entry.begun.branch)
    yield _attribute("id", "event_id", event.id)
    yield _attribute("int", "log_position", event.position)
    yield _attribute("date", "recorded_at", event.recorded_at)
    if event.policy_hash is not None:
        yield _attribute("string", "policy_hash", event.policy_hash.hex())
    yield from _attributes(entry.data(personal=personal), kinds_of(event.type, personal=personal))
    yield "</event>\n"


def _attributes(values: Mapping[str, Any], kinds: Mapping[str, Kind]) -> Iterator[str]:
    for name, value in plain(values, kinds).items():
        yield _attribute(_TAGS[kinds[name]], name, value)


def _attribute(tag: str, key: str, value: object) -> str:
    match value:
        case bool():
            text = str(value).lower()
        case datetime():
            text = value.astimezone(UTC).isoformat(timespec="microseconds")
        case _:
            text = _NOT_IN_XML.sub("\ufffd", str(value))
    return f"<{tag} key={quoteattr(key)} value={quoteattr(text)}/>\n"
