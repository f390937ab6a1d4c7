"""One trace from a call to its alert: a request, what it appended, and what follows from that in other processes.

Between processes there is the log and nothing else, so its rows are what spans hang on: the trace is the event's
correlation id, and the event's span has the last eight bytes of the event's id as its own (docs/adr/0028). No span
holds anything personal: route templates, event types, ids of cases, and SQL as it stands in its file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags

from amends_platform.telemetry.traceparent import TRACEPARENT

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from amends_platform.telemetry.current import Seen
    from amends_platform.telemetry.span_ids import ChosenIds
    from amends_store.records import Append, StoredEvent
    from amends_store.timers import FiredEvent

# Left to itself, the exporter tries again for half a minute.
_CLOSE_SECONDS_MAX: Final = 3.0

CASE_ID: Final = "amends.case.id"
EVENT_TYPE: Final = "amends.event.type"


def span_id_of(event_id: UUID) -> int:
    """The id of the event's span. Never zero: the variant of a UUID stands in these bytes."""
    return event_id.int & 0xFFFF_FFFF_FFFF_FFFF


def parent_in(traceparent: str | None) -> SpanContext | None:
    """The span that a traceparent header names; None when it names none."""
    found = None if traceparent is None else TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    # What comes with it, tracestate and baggage, is a stranger's and goes no further.
    parent = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags & TraceFlags.SAMPLED))
    return parent if parent.is_valid else None


class ServerSpan(NamedTuple):
    """The span of a request."""

    span: Span

    @property
    def correlation_id(self) -> UUID:
        return UUID(int=self.span.get_span_context().trace_id)


class Tracing:
    """Makes spans with a provider of its own. `close` it at the end: it sends what is left."""

    def __init__(self, provider: TracerProvider, ids: ChosenIds, on_close: Callable[[], None]) -> None:
        self._provider = provider
        self._ids = ids
        self._tracer = provider.get_tracer("amends")
        self._on_close = on_close

    def close(self) -> None:
        """Send what is left, for seconds at most: a collector that is away must not keep a service from ending."""
        self._on_close()
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS_MAX)

    @contextmanager
    def serving(self, request: Seen, scope: Mapping[str, Any]) -> Iterator[None]:
        """The span of a request, which is the current one inside."""
        parent = parent_in(dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1"))
        method = request.method
        span = self._tracer.start_span(
            method, _within(parent), SpanKind.SERVER, attributes={"http.request.method": method}
        )
        request.span = ServerSpan(span)
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield
        finally:
            span.update_name(f"{method} {request.template}")
            span.set_attribute("http.route", request.template)
            if request.status:
                span.set_attribute("http.response.status_code", request.status)
            if request.status >= 500:
                span.set_status(StatusCode.ERROR)
            span.end()

    def appended(self, rows: Append, began_ns: int) -> None:
        """A span for each of the events that the request being answered has recorded."""
        for event in rows.events:
            self._make("append", event.type, rows.stream_id, None, began_ns, span_id=span_id_of(event.id))

    def fired(self, events: Iterable[FiredEvent], began_ns: int) -> None:
        """A span for each event that a timer became, under the event of its case that the timer was made from."""
        for event in events:
            span_id = span_id_of(event.id)
            within = Context()
            if event.id_before is None:
                self._ids.choose(trace_id=event.correlation_id.int)
            else:
                within = self._under(event.correlation_id.int, span_id_of(event.id_before))
            self._make("append", event.type, event.case_id, within, began_ns, span_id=span_id)

    def followed(self, what: str, rows: Iterable[StoredEvent], began_ns: int) -> None:
        """A span for each event with which a reader of the log has just done `what`, under the event's own."""
        for row in rows:
            within = self._under(row.correlation_id.int, span_id_of(row.id))
            self._make(what, row.type, row.stream_id, within, began_ns)

    @contextmanager
    def telling(self, what: str, headers: Mapping[str, str], destination: str) -> Iterator[None]:
        """The span of a message on its way, under the event's that it tells of."""
        named = parent_in(headers.get("traceparent"))
        within = Context() if named is None else self._under(named.trace_id, named.span_id)
        attributes = {
            "messaging.destination.name": destination,
            EVENT_TYPE: headers.get("ce-type", ""),
            CASE_ID: headers.get("ce-subject", ""),
        }
        span = self._tracer.start_span(
            f"{what} {headers.get('ce-type', '')}", within, SpanKind.PRODUCER, attributes=attributes
        )
        try:
            with trace.use_span(span, record_exception=False):
                yield
        finally:
            span.end()

    def _make(
        self, what: str, event_type: str, case_id: UUID, within: Context | None, began_ns: int, *, span_id: int = 0
    ) -> None:
        if span_id:
            self._ids.choose(span_id=span_id)
        attributes = {EVENT_TYPE: event_type, CASE_ID: str(case_id)}
        self._tracer.start_span(f"{what} {event_type}", within, attributes=attributes, start_time=began_ns).end()

    def _under(self, trace_id: int, span_id: int) -> Context:
        """Where the event's span is the parent. Whoever called may have wanted no trace, which the log does not keep:
        the sampler says of the trace what it says in every process."""
        verdict = self._provider.sampler.should_sample(None, trace_id, "")
        flags = TraceFlags(TraceFlags.SAMPLED if verdict.decision.is_sampled() else TraceFlags.DEFAULT)  # type: ignore[no-untyped-call]
        return _within(SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags))


def current_traceparent() -> str | None:
    """The header that lets a request sent now go on with this trace; None outside of any."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def _within(parent: SpanContext | None) -> Context:
    # Never the context that happens to be current: what serves or follows is begun by nobody's request.
    return Context() if parent is None else trace.set_span_in_context(NonRecordingSpan(parent), Context())
