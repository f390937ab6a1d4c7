"""The short way through the framework: the same answers, sooner."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from amends_intake.app import create_app
from amends_intake.routes import ROUTES
from amends_platform import problems
from amends_platform.problems import Problem
from amends_platform.settings import Settings
from amends_platform.shortcut import Endpoint, Shortcut


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
        if await http.body() == b"refuse":
            raise Problem(409, "refused", "No.")
        return PlainTextResponse("the short way")

    def endpoint_of(method: str, path: str) -> Endpoint | None:
        return short if (method, path) == ("POST", "/known") else None

    app.router.routes.insert(0, Shortcut(endpoint_of))
    return app


async def ask(method: str, path: str, body: bytes = b"") -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app_with_shortcut()), base_url="http://app") as client:
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


def is_short(path: str, method: str = "POST") -> bool:
    shortcut = create_app(Settings.load()).router.routes[0]
    match, _ = shortcut.matches({"type": "http", "method": method, "path": path})
    return bool(match.value)


@pytest.mark.parametrize("path", ["", *(f"/5MAY-X6NW/{route.path}" for route in ROUTES)])
def test_every_command_of_intake_goes_the_short_way(path: str) -> None:
    assert is_short(f"/v1/complaints{path}")


@pytest.mark.parametrize("path", ["/", "//apology", "/x/nonsense", "s/x/apology", "/x", "/x/proposals/"])
def test_what_is_no_command_does_not(path: str) -> None:
    assert not is_short(f"/v1/complaints{path}")


def test_another_method_does_not() -> None:
    assert not is_short("/v1/complaints", "GET")
