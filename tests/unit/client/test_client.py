"""What the client does with answers: once more where that may help, under the same key; a refusal is an exception."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest
import stamina

from amends_client import AsyncWorkflow, Happened, Intake, Problem, Workflow
from amends_client.calling import _wait_of

COMPLAINT = {"channel": "phone", "branch": "north-street", "narrative": "It kept my card.", "customer": {"ref": "C-1"}}
ANSWER = {"id": "1", "reference": "5MAY-X6NW", "state": "received", "version": 1, "position": 7, "deadlines": []}
PATIENT = {"type": "urn:amends:problem:store-unavailable", "status": 503, "detail": "Not now."}
ILLEGAL = {"type": "urn:amends:problem:illegal-state", "status": 409, "detail": "It is closed.", "allowed": ["reopen"]}


class Service:
    """Answers what it was told to, one after the other, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def intake(self) -> Intake:
        return Intake("http://intake", "amends_key", transport=httpx.MockTransport(self))

    def workflow(self) -> Workflow:
        return Workflow("http://workflow", "amends_key", transport=httpx.MockTransport(self))


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=3, cap=True)
    yield
    stamina.set_testing(False)


def problem(body: dict[str, object], **headers: str) -> httpx.Response:
    return httpx.Response(int(str(body["status"])), json=body, headers=headers)


def page(*references: str, following: str | None) -> httpx.Response:
    items = [{"reference": reference} for reference in references]
    return httpx.Response(200, json={"items": items, "next": following})


def test_what_may_succeed_later_is_sent_again_under_the_same_key() -> None:
    service = Service(problem(PATIENT), httpx.ConnectError("gone"), httpx.Response(201, json=ANSWER))
    with service.intake() as intake:
        assert intake.receive(COMPLAINT) == ANSWER  # type: ignore[arg-type]
    keys = {request.headers["idempotency-key"] for request in service.asked}
    assert (len(service.asked), len(keys)) == (3, 1)
    assert {request.content for request in service.asked} == {service.asked[0].content}


def test_each_command_has_a_key_of_its_own_unless_one_is_given() -> None:
    service = Service(*(httpx.Response(201, json=ANSWER) for _ in range(3)))
    with service.intake() as intake:
        intake.receive(COMPLAINT)  # type: ignore[arg-type]
        intake.receive(COMPLAINT)  # type: ignore[arg-type]
        intake.receive(COMPLAINT, idempotency_key="call-1")  # type: ignore[arg-type]
    keys = [request.headers["idempotency-key"] for request in service.asked]
    assert len(set(keys)) == 3
    assert keys[2] == "call-1"


def test_a_refusal_is_not_sent_again_and_tells_all_that_was_answered() -> None:
    service = Service(problem(ILLEGAL))
    with service.intake() as intake, pytest.raises(Problem) as refused:
        intake.apology("5MAY-X6NW", {"by_channel": "phone", "text": "Sorry."}, if_match=4)
    assert (refused.value.status, refused.value.code) == (409, "illegal-state")
    assert refused.value.members["allowed"] == ["reopen"]
    assert service.asked[0].headers["if-match"] == '"4"'
    assert service.asked[0].url.path == "/v1/complaints/5MAY-X6NW/apology"


def test_what_stays_away_is_given_up_with_its_last_answer() -> None:
    service = Service(*(problem(PATIENT) for _ in range(3)))
    with service.intake() as intake, pytest.raises(Problem) as refused:
        intake.receive(COMPLAINT)  # type: ignore[arg-type]
    assert refused.value.code == "store-unavailable"
    assert service.answers == []


@pytest.mark.parametrize(
    ("status", "said", "waits"),
    [(429, "7", 7.0), (503, "0", 0.0), (503, "86400", 60.0), (503, "", True), (409, "7", False), (500, "7", False)],
)
def test_retry_after_says_how_long_to_wait(status: int, said: str, waits: float) -> None:
    headers = httpx.Headers({"Retry-After": said} if said else {})
    assert _wait_of(Problem(status, b"{}", headers)) == waits


def test_an_answer_that_is_no_problem_of_ours_has_no_code() -> None:
    refused = Problem(502, b"<html>Bad Gateway</html>", httpx.Headers())
    assert (refused.code, refused.members, refused.is_passing) == ("", {}, True)


def test_a_list_is_followed_to_its_end() -> None:
    service = Service(page("A", "B", following="/v1/cases?limit=2&cursor=x"), page("C", following=None))
    with service.workflow() as workflow:
        assert [each["reference"] for each in workflow.all_cases(limit=2, state=["open"])] == ["A", "B", "C"]
    assert [str(request.url.query, "ascii") for request in service.asked] == ["limit=2&state=open", "limit=2&cursor=x"]


def test_every_page_is_asked_for_with_the_same_headers() -> None:
    """What personal data is read for is said each time."""
    service = Service(page("A", following="/v1/x?cursor=x"), page("B", following=None))
    with service.workflow() as workflow:
        assert len(list(workflow.all_case_events("5MAY-X6NW", amends_purpose="complaint-handling"))) == 2
    assert [request.headers["amends-purpose"] for request in service.asked] == ["complaint-handling"] * 2


def test_parameters_are_written_as_the_service_reads_them() -> None:
    service = Service(page(following=None))
    with service.workflow() as workflow:
        workflow.cases(state=["open", "merged"], breached=True, as_of=datetime(2026, 9, 25, 1, tzinfo=UTC), q=None)
    asked = service.asked[0].url.params.multi_items()
    assert asked == [
        ("state", "open"),
        ("state", "merged"),
        ("breached", "true"),
        ("as_of", "2026-09-25T01:00:00+00:00"),
    ]


def test_what_was_recorded_is_seen_from_then_on() -> None:
    service = Service(page(following=None), page(following=None))
    with service.workflow() as workflow:
        workflow.heed(ANSWER)
        workflow.heed({"position": 3})
        workflow.cases()
        workflow.cases(min_position=9)
    assert [request.url.params["min_position"] for request in service.asked] == ["7", "9"]


def test_the_stream_is_told_event_by_event() -> None:
    told = b'retry: 2000\nid: 4\n: listening\n\nid: 5\nevent: breach\ndata: {"clock": "apology"}\n\n: still here\n\n'
    service = Service(httpx.Response(200, content=told, headers={"Content-Type": "text/event-stream"}))
    with service.workflow() as workflow:
        assert list(workflow.stream(last_event_id=3)) == [Happened(5, "breach", {"clock": "apology"})]
    assert service.asked[0].headers["last-event-id"] == "3"


async def test_all_of_it_is_there_for_asynchronous_code() -> None:
    service = Service(problem(PATIENT), page("A", following="/v1/cases?cursor=x"), page("B", following=None))
    transport = httpx.MockTransport(service)
    async with AsyncWorkflow("http://workflow", "amends_key", transport=transport) as workflow:
        assert [each["reference"] async for each in workflow.all_cases()] == ["A", "B"]


def test_importing_the_client_loads_nothing_but_httpx_and_itself() -> None:
    """Counted, not timed: commands are started often."""
    script = "import sys, amends_client; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"pydantic", "stamina", "tenacity", "structlog", "orjson", "asyncpg", "amends_platform"}
    assert set(loaded) & heavy == set()


def test_sync_and_async_clients_have_the_same_methods() -> None:
    def methods(of: type) -> set[str]:
        return {name for name in dir(of) if not name.startswith("_")} - {"close", "aclose"}

    same: Callable[[type], set[str]] = methods
    assert same(Workflow) == same(AsyncWorkflow)


def test_a_body_may_hold_times_as_python_has_them() -> None:
    service = Service(httpx.Response(200, json=ANSWER))
    with service.intake() as intake:
        intake.callback("5MAY-X6NW", {"at": datetime(2026, 9, 26, 2, tzinfo=UTC)})  # type: ignore[typeddict-item]
    assert json.loads(service.asked[0].content) == {"at": "2026-09-26T02:00:00+00:00"}
