"""What may leave this process with a span: what is listed here, and nothing that somebody's library adds to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from amends_platform.telemetry.tracing import CASE_ID, EVENT_TYPE

ATTRIBUTES: Final = frozenset(
    {
        CASE_ID,
        EVENT_TYPE,
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "messaging.destination.name",
        # SQL as it stands in its file, its parameters not among it.
        "db.query.text",
        "db.statement",
        "db.system",
        "db.system.name",
        "error.type",
    }
)


class Discreet(SpanExporter):
    """Exports spans without any other attribute, and without events and descriptions of errors, which quote the data
    that an error is about."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_discreet(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _discreet(span: ReadableSpan) -> ReadableSpan:
    attributes = {name: value for name, value in (span.attributes or {}).items() if name in ATTRIBUTES}
    return ReadableSpan(
        _name(span),
        span.context,
        span.parent,
        span.resource,
        attributes,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _name(span: ReadableSpan) -> str:
    """A statement's is its first word; ours begin with a line that says what they are for."""
    statement = str((span.attributes or {}).get("db.statement", ""))
    if not span.name.startswith("--"):
        return span.name
    lines = (line.split() for line in statement.splitlines() if not line.startswith("--"))
    return next((words[0] for words in lines if words), "SQL")
