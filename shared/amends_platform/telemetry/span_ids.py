"""Ids of spans, some of them chosen by whoever makes the span, and which spans are not worth having."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

_span_id: ContextVar[int | None] = ContextVar("amends_span_id", default=None)
_trace_id: ContextVar[int | None] = ContextVar("amends_trace_id", default=None)


class ChosenIds(RandomIdGenerator):
    """Random ones, but for the span that is made next after `choose`."""

    def choose(self, *, span_id: int | None = None, trace_id: int | None = None) -> None:
        _span_id.set(span_id or _span_id.get())
        _trace_id.set(trace_id or _trace_id.get())

    def generate_span_id(self) -> int:
        chosen = _span_id.get()
        _span_id.set(None)
        return chosen or super().generate_span_id()

    def generate_trace_id(self) -> int:
        chosen = _trace_id.get()
        _trace_id.set(None)
        return chosen or super().generate_trace_id()


class NoLoneStatements(Sampler):
    """What `inner` takes, but for statements that no request asked for: pollers would make nothing but those."""

    def __init__(self, inner: Sampler) -> None:
        self._inner = inner

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        if kind is SpanKind.CLIENT and not trace.get_current_span(parent_context).get_span_context().is_valid:
            return SamplingResult(Decision.DROP)
        return self._inner.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        return f"NoLoneStatements({self._inner.get_description()})"
