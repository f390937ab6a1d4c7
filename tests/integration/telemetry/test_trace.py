"""One trace leads from the call to the alert, through the log and nothing else, and tells nobody's secret."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from amends_notifier.service import Notifier
from amends_platform.http.health import NotReady
from amends_platform.telemetry.tracing import parent_in
from tests.support.console import running_desk, until
from tests.support.intake import complaint
from tests.support.listening import Listener, listening
from tests.support.nats import NatsServer
from tests.support.notifying import SECRETS, Kept, a_notifier
from tests.support.postgres import Database
from tests.support.tracing import chain, kept_spans, tree

# Not sampled, says its second half: what we do is asked of our sampler.
CALL = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = UUID("4bf92f35-77b3-4da6-a3ce-929d0e0e4736")
NAME, PHONE, NARRATIVE = SECRETS
CUSTOMER = {"ref": "C-Quillfeather", "name": NAME, "phone": PHONE}


def alert_of(heard: list[Kept], kind: str) -> Kept | None:
    return next((message for message in heard if message.subject.split(".")[3] == kind), None)


@asynccontextmanager
async def listening_to(notifier: Notifier, nats_url: str) -> AsyncIterator[Listener]:
    async def has_made_its_stream() -> bool:
        with suppress(NotReady):
            await notifier.check()
            return True
        return False

    await until(has_made_its_stream)
    async with listening(nats_url) as listener:
        yield listener


async def test_a_complaint_is_one_trace_from_the_call_to_the_alert(
    database: Database, nats_server: NatsServer, tmp_path: Path
) -> None:
    with kept_spans() as (tracing, kept):
        async with (
            running_desk(database, tmp_path, tracing=tracing) as desk,
            a_notifier(database, nats_server.url, tracing=tracing) as notifier,
            listening_to(notifier, nats_server.url) as listener,
        ):
            agent = await desk.intake.caller("agent")
            response = await agent.post(
                "/v1/complaints",
                complaint(narrative=NARRATIVE, customer=CUSTOMER),
                headers={"traceparent": CALL, "tracestate": f"x={NAME}", "baggage": f"who={NAME}"},
            )
            assert response.status_code == 201, response.text
            case_id = UUID(response.json()["id"])
            await listener.until(lambda: len(listener.heard) == 1)
            await desk.intake.pass_time(hours=20)
            await listener.until(lambda: alert_of(listener.heard, "reminder") is not None)
            reminder = alert_of(listener.heard, "reminder")
            assert reminder is not None
            read = await desk.visitor("handler")
            at_the_console = f"/cases/{response.json()['reference']}"
            await read.see(f"{at_the_console}?do=note")
            done = await read.send(f"{at_the_console}/do/note", {"text": NARRATIVE})
            assert done.status_code == 303, done.text

            def besides_statements() -> list[ReadableSpan]:
                return [span for span in kept.of(TRACE) if span.kind is not SpanKind.CLIENT]

            async def all_there() -> bool:
                return len(besides_statements()) == 7

            await until(all_there)

        call, told = parent_in(CALL), parent_in(reminder.headers["traceparent"])
        assert call is not None
        assert told is not None
        spans = besides_statements()
        assert tree(spans, call.span_id) == [
            "POST /v1/complaints",
            "  append complaint-received",
            "    append reminder-issued",
            "      project reminder-issued",
            "      publish reminder-issued",
            "    project complaint-received",
            "    publish complaint-received",
        ]
        # Whoever consumes the alert goes on where the timer's event stands.
        assert told.trace_id == TRACE.int
        assert [span.name for span in spans if span.context and span.context.span_id == told.span_id] == [
            "append reminder-issued"
        ]
        cases = [(span.attributes or {}).get("amends.case.id") for span in spans[1:]]
        assert set(cases) - {None} == {str(case_id)}
        pages = [span for span in kept.all() if span.name == "GET /cases/{name}"]
        assert pages, {span.name for span in kept.all()}
        assert any(
            span.kind is SpanKind.CLIENT and span.attributes and span.attributes["db.statement"] for span in kept.all()
        )
        # What is done at the console goes on in intake, in the console's trace.
        (note,) = [span for span in kept.all() if span.name == "append note-added"]
        assert note.context is not None
        path = chain(kept.of(UUID(int=note.context.trace_id)), note)
        assert path == ["append note-added", "POST /v1/complaints/{id}/notes", "POST /cases/{name}/do/{command}"]
        said = kept.said()
        for secret in (*SECRETS, "C-Quillfeather", "amends_", "Bearer"):
            assert secret not in said, secret
