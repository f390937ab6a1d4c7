"""What asks for traces and what may leave with one; what is seen of a request."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar
from uuid import UUID, uuid4

import httpx
import pytest
import structlog
from fastapi import APIRouter, FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry, generate_latest
from starlette.responses import PlainTextResponse, Response

from amends_platform.logs import FIELDS
from amends_platform.settings import SettingsError
from amends_platform.telemetry.asked import asked_by, tracing_asked_for
from amends_platform.telemetry.current import add_what_it_is_about, seen
from amends_platform.telemetry.discreet import Discreet
from amends_platform.telemetry.durations import Durations
from amends_platform.telemetry.requests import observe_requests
from amends_platform.telemetry.span_ids import ChosenIds, NoLoneStatements
from amends_platform.telemetry.tracing import parent_in, span_id_of
from tests.support.tracing import kept_spans

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def test_traces_are_off_unless_somebody_says_where_they_go() -> None:
    assert asked_by({}) is None
    assert asked_by({ENDPOINT: ""}) is None
    assert asked_by({ENDPOINT: "http://c:4318"}) == ENDPOINT
    assert asked_by({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/v1/traces"}) is not None
    assert asked_by({ENDPOINT: "http://c:4318", "OTEL_SDK_DISABLED": "true"}) is None
    assert asked_by({ENDPOINT: "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}) is None


@pytest.mark.parametrize(
    "more",
    [{"OTEL_TRACES_EXPORTER": "zipkin"}, {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}],
    ids=lambda more: next(iter(more)),
)
def test_what_we_cannot_send_is_refused_at_the_start(more: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(more))):
        asked_by({ENDPOINT: "http://c:4318", **more})


def test_where_the_extra_is_missing_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://c:4318")
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError, match=r"amends\[telemetry\]"):
        tracing_asked_for("intake")


class _Collector(BaseHTTPRequestHandler):
    got: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        self.got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[str]:
    _Collector.got.clear()
    with HTTPServer(("127.0.0.1", 0), _Collector) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


async def test_spans_are_sent_to_where_they_are_asked_for(collector: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, collector)
    tracing = tracing_asked_for("intake")
    assert tracing is not None
    async with asked(an_app(CollectorRegistry(), tracing)) as client:
        await client.get("/v1/things/C-Quillfeather")
    tracing.close()
    ((path, body),) = _Collector.got
    assert path == "/v1/traces"
    assert b"GET /v1/things/{ref}" in body
    assert b"amends-intake" in body
    assert b"Quillfeather" not in body


def test_only_what_is_listed_leaves_with_a_span() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Discreet(kept)))
    tracer = provider.get_tracer("somebody's")
    with (
        pytest.raises(ValueError, match="Quillfeather"),
        tracer.start_as_current_span("SELECT", attributes={"url.path": "/Quillfeather", "db.statement": "SELECT $1"}),
    ):
        raise ValueError("Quillfeather is no number")
    (span,) = kept.get_finished_spans()
    assert dict(span.attributes or {}) == {"db.statement": "SELECT $1"}
    assert "Quillfeather" not in span.to_json()
    assert not span.status.is_ok


def test_a_statement_is_called_by_its_first_word() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Discreet(kept)))
    tracer = provider.get_tracer("t")
    for sql in ("-- What it is for.\n\nWITH due AS (SELECT 1)", "-- Nothing"):
        tracer.start_span("--", attributes={"db.statement": sql}).end()
    assert [span.name for span in kept.get_finished_spans()] == ["WITH", "SQL"]


async def test_a_probe_makes_no_span() -> None:
    with kept_spans() as (tracing, kept):
        async with asked(an_app(CollectorRegistry(), tracing)) as client:
            await client.get("/readyz")
    assert kept.all() == []


def test_a_statement_that_no_request_asked_for_makes_no_span() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.sampler = NoLoneStatements(provider.sampler)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("t")
    tracer.start_span("SELECT", kind=SpanKind.CLIENT).end()
    with tracer.start_as_current_span("GET /", kind=SpanKind.SERVER):
        tracer.start_span("SELECT", kind=SpanKind.CLIENT).end()
    assert [span.name for span in kept.get_finished_spans()] == ["SELECT", "GET /"]


def test_a_ratio_says_the_same_of_a_trace_in_every_process() -> None:
    verdicts = []
    for _ in range(2):
        sampler = NoLoneStatements(TraceIdRatioBased(0.5))
        verdicts.append([sampler.should_sample(None, n << 58, "").decision for n in range(64)])
    assert verdicts[0] == verdicts[1]
    assert len(set(verdicts[0])) == 2


def test_a_span_gets_the_id_that_was_chosen_for_it_and_the_next_another() -> None:
    ids = ChosenIds()
    ids.choose(span_id=7)
    assert ids.generate_span_id() == 7
    assert ids.generate_span_id() != 7


def test_the_span_of_an_event_has_the_id_that_messages_name() -> None:
    event_id = uuid4()
    assert f"{span_id_of(event_id):016x}" == event_id.hex[16:]


@pytest.mark.parametrize(
    "header",
    [None, "", "x" * 10_000, "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "00-" + "a" * 32 + "-" + "0" * 16 + "-01"],
)
def test_a_header_that_names_no_span_is_none(header: str | None) -> None:
    assert parent_in(header) is None


def an_app(registry: CollectorRegistry, tracing: Any = None) -> FastAPI:
    app = FastAPI()
    routes = APIRouter(prefix="/things")

    @routes.get("/{ref}")
    async def thing(ref: str) -> Response:
        log = structlog.get_logger()
        return PlainTextResponse(json.dumps(add_what_it_is_about(log, "info", {"event": "…"}), default=str))

    @routes.get("/{ref}/broken")
    async def broken(ref: str) -> None:
        raise ValueError("C-Quillfeather")

    everything = APIRouter(prefix="/v1")
    everything.include_router(routes)
    app.include_router(everything)
    observe_requests(app, registry, tracing)
    return app


def asked(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://app")


async def test_requests_are_counted_by_the_templates_of_their_routes() -> None:
    registry = CollectorRegistry()
    async with asked(an_app(registry)) as client:
        await client.get("/v1/things/C-Quillfeather")
        await client.get("/v1/things/C-Quillfeather/broken")
        await client.get("/Quillfeather")
        await client.request("QUILLFEATHER", "/v1/things/C-1")
    text = generate_latest(registry).decode()
    counted = set(re.findall(r"^amends_http_request_duration_seconds_count{(.*)} ", text, re.MULTILINE))
    assert counted == {
        'method="GET",route="/v1/things/{ref}",status="200"',
        'method="GET",route="/v1/things/{ref}/broken",status="500"',
        'method="GET",route="unmatched",status="404"',
        'method="OTHER",route="unmatched",status="405"',
    }
    assert "uillfeather" not in text
    assert "amends_http_requests_in_flight 0.0" in text


async def test_a_line_written_for_a_request_says_which_and_no_other_does() -> None:
    async with asked(an_app(CollectorRegistry())) as client:
        first, second = [(await client.get("/v1/things/C-1")).json() for _ in range(2)]
    assert first.keys() == {"event", "request_id", "method", "route"}
    assert {*first, "correlation_id", "person"} <= FIELDS
    assert first["route"] == "/v1/things/{ref}"
    assert first["request_id"] != second["request_id"]
    assert add_what_it_is_about(None, "info", {"event": "…"}) == {"event": "…"}
    assert seen({"type": "http"}) is None


async def test_a_line_says_the_caller_s_trace_also_without_traces() -> None:
    header = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"}
    async with asked(an_app(CollectorRegistry())) as client:
        said = (await client.get("/v1/things/C-1", headers=header)).json()
        forged = (await client.get("/v1/things/C-1", headers={"traceparent": "C-Quillfeather"})).json()
    assert said["correlation_id"] == "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"
    assert "correlation_id" not in forged


async def test_with_traces_a_line_says_the_trace() -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    with kept_spans() as (tracing, kept):
        async with asked(an_app(CollectorRegistry(), tracing)) as client:
            header = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
            said = (await client.get("/v1/things/C-1", headers=header)).json()
            await client.get("/v1/things/C-1", headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-00"})
        assert said["correlation_id"] == str(UUID(trace_id))
        # The second caller wants no trace.
        assert [span.name for span in kept.of(UUID(trace_id))] == ["GET /v1/things/{ref}"]


def test_a_histogram_counts_as_the_library_does() -> None:
    registry = CollectorRegistry()
    durations = Durations(registry, "amends_some_seconds", "Some", ("of",), buckets=(0.1, 1))
    for value in (0.1, 0.5, 7.0):
        durations.observe(("a",), value)
    lines = [line for line in generate_latest(registry).decode().splitlines() if "{" in line]
    assert lines == [
        'amends_some_seconds_bucket{le="0.1",of="a"} 1.0',
        'amends_some_seconds_bucket{le="1.0",of="a"} 2.0',
        'amends_some_seconds_bucket{le="+Inf",of="a"} 3.0',
        'amends_some_seconds_count{of="a"} 3.0',
        'amends_some_seconds_sum{of="a"} 7.6',
    ]
