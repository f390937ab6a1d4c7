"""Whether traces are asked for, by the variables that every OpenTelemetry program goes by, and where they go."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from amends_platform.settings import SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

    from amends_platform.telemetry.tracing import Tracing

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL: Final = "http/protobuf"


def asked_by(environment: Mapping[str, str]) -> str | None:
    """The variable that asks for traces; None where they are off. Raises SettingsError for what we cannot send."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    asking = next((name for name in _ENDPOINTS if environment.get(name)), None)
    if exporter == "none" or asking is None:
        return None
    if exporter not in ("", "otlp"):
        raise SettingsError(f"OTEL_TRACES_EXPORTER: {exporter} is not one of ours: otlp, or none")
    protocol = next((environment[name] for name in _PROTOCOLS if environment.get(name)), _PROTOCOL)
    if protocol != _PROTOCOL:
        raise SettingsError(f"OTEL_EXPORTER_OTLP_PROTOCOL: traces are sent by {_PROTOCOL}, not by {protocol}")
    return asking


def tracing_asked_for(program: str) -> Tracing | None:
    """How `program` makes spans and sends them; None where nobody asks. Raises SettingsError."""
    asking = asked_by(os.environ)
    if asking is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor  # noqa: F401
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingsError(
            f"{asking}: sending traces needs the extra `telemetry`: pip install 'amends[telemetry]'"
        ) from error
    return tracing_to(OTLPSpanExporter(), program, BatchSpanProcessor)


def tracing_to(exporter: SpanExporter, program: str, processor: type) -> Tracing:
    """Spans of `program`, and of the statements that its requests ask of PostgreSQL, to an exporter."""
    from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    from amends_platform.telemetry.discreet import Discreet
    from amends_platform.telemetry.span_ids import ChosenIds, NoLoneStatements
    from amends_platform.telemetry.tracing import Tracing

    ids = ChosenIds()
    resource = Resource.create({"service.name": f"amends-{program}", "service.version": version("amends")})
    provider = TracerProvider(resource=resource, id_generator=ids, shutdown_on_exit=False)
    provider.sampler = NoLoneStatements(provider.sampler)
    provider.add_span_processor(processor(Discreet(exporter)))
    statements = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]
    statements.instrument(tracer_provider=provider)
    return Tracing(provider, ids, on_close=statements.uninstrument)
