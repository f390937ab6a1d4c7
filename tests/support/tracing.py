"""Spans that are kept rather than sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from amends_platform.telemetry.asked import tracing_to
from amends_platform.telemetry.tracing import Tracing


class Kept:
    """What left the process as spans, in the order in which they ended."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    def of(self, trace_id: UUID) -> list[ReadableSpan]:
        return [span for span in self.all() if span.context is not None and span.context.trace_id == trace_id.int]

    def all(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def said(self) -> str:
        """Everything that they say."""
        return "\n".join(span.to_json() for span in self.all())


@contextmanager
def kept_spans() -> Iterator[tuple[Tracing, Kept]]:
    """A tracing, and what became of its spans."""
    kept = Kept()
    tracing = tracing_to(kept.exporter, "tests", SimpleSpanProcessor)
    try:
        yield tracing, kept
    finally:
        tracing.close()


def tree(spans: list[ReadableSpan], root: int) -> list[str]:
    """What hangs under a span's id, as indented lines in the order of their names."""
    lines: list[str] = []

    def under(parent_id: int, depth: int) -> None:
        children = [span for span in spans if span.parent is not None and span.parent.span_id == parent_id]
        for span in sorted(children, key=lambda span: (span.name, span.start_time or 0)):
            lines.append("  " * depth + span.name)
            assert span.context is not None
            under(span.context.span_id, depth + 1)

    under(root, 0)
    return lines


def chain(spans: list[ReadableSpan], span: ReadableSpan) -> list[str]:
    """The names of a span, its parent, and so on."""
    by_id = {each.context.span_id: each for each in spans if each.context is not None}
    names = [span.name]
    while span.parent is not None and span.parent.span_id in by_id:
        span = by_id[span.parent.span_id]
        names.append(span.name)
    return names
