"""The short way through the framework: the same answers, sooner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from amends_intake.metrics import Metrics
from amends_intake.routes import ROUTES, add_routes
from amends_platform.http import problems
from amends_platform.http.problems import Problem
from amends_platform.http.shortcut import Known, add_shortcut


def app_with_shortcut() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.post("/known")
    async def usual() -> str:
        raise AssertionError("the short way was not taken")

    @app.post("/unknown")
    async def other() -> str:
        return "the usual way"

    async def short(http: Request) -> Response:
        match await http.body():
            case b"refuse":
                raise Problem(409, "refused", "No.")
            case b"crash":
                raise KeyError("nobody foresaw this")
        return PlainTextResponse("the short way")

    def endpoint_of(method: str, path: str) -> Known | None:
        return Known(short, "/known") if (method, path) == ("POST", "/known") else None

    add_shortcut(app, endpoint_of, body_bytes_max=10)
    return app


async def ask(
    method: str, path: str, body: bytes | AsyncIterator[bytes] = b"", *, raises: bool = False
) -> httpx.Response:
    transport = httpx.ASGITransport(app_with_shortcut(), raise_app_exceptions=raises)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        return await client.request(method, path, content=body)


async def test_a_known_request_goes_the_short_way() -> None:
    assert (await ask("POST", "/known")).text == "the short way"


async def test_what_an_endpoint_raises_there_goes_to_the_handlers_of_the_app() -> None:
    answer = await ask("POST", "/known", b"refuse")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:amends:problem:refused"


async def test_any_other_request_goes_the_usual_way() -> None:
    assert (await ask("POST", "/unknown")).json() == "the usual way"
    assert (await ask("GET", "/known")).status_code == 405
    assert (await ask("POST", "/nowhere")).status_code == 404


async def test_what_nobody_foresaw_is_a_problem_too_and_goes_on_to_the_server_that_logs_it() -> None:
    answer = await ask("POST", "/known", b"crash")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:amends:problem:internal-error"
    with pytest.raises(KeyError):
        await ask("POST", "/known", b"crash", raises=True)


async def test_a_body_over_the_limit_is_refused_whether_its_length_is_announced_or_not() -> None:
    async def in_pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"12345"

    assert (await ask("POST", "/known", b"12345678901")).status_code == 413
    assert (await ask("POST", "/known", in_pieces())).status_code == 413


def is_short(path: str, method: str = "POST") -> bool:
    def not_yet() -> Any:
        raise AssertionError("only asked for when a request comes")

    endpoint_of = add_routes(FastAPI(), not_yet, not_yet, Metrics(CollectorRegistry()))
    return endpoint_of(method, path) is not None


@pytest.mark.parametrize("path", ["", *(f"/5MAY-X6NW/{route.path.format(number=12)}" for route in ROUTES)])
def test_every_command_of_intake_goes_the_short_way(path: str) -> None:
    assert is_short(f"/v1/complaints{path}")


@pytest.mark.parametrize("path", ["/", "//apology", "/x/nonsense", "s/x/apology", "/x", "/x/proposals/"])
def test_what_is_no_command_does_not(path: str) -> None:
    assert not is_short(f"/v1/complaints{path}")


def test_another_method_does_not() -> None:
    assert not is_short("/v1/complaints", "GET")
