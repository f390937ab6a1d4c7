"""What is common to all pages: who is not signed in is asked to, and what goes wrong is said on a page."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from amends_platform.http.problems import Problem, instance_of
from amends_platform.http.web import STORE_AWAY
from amends_platform.reasons import reason, traced
from amends_platform.words import message
from amends_workflow.console import cookies
from amends_workflow.console.forgery import is_ours
from amends_workflow.console.rendering import go_to, here, page
from amends_workflow.console.visitors import NotSignedIn, visitor_of

log = structlog.get_logger()

_NOT_SO: Final = message("That cannot be done")
_TITLES: Final = {
    403: message("Not for you"),
    404: message("Not found"),
    422: message("Nothing can be found by this"),
    429: message("Too much at once"),
    500: message("Something went wrong"),
    503: message("Not just now"),
}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """A route whose every answer is for people."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except NotSignedIn:
                return _sign_in(request)
            except Problem as problem:
                return problem_page(request, problem)
            except HTTPException as error:
                return problem_page(request, _of_status(error.status_code))
            except RequestValidationError:
                return problem_page(request, Problem(422, "invalid-parameters", "The address of this page is wrong."))
            except STORE_AWAY as error:
                log.warning("store unavailable", reason=reason(error))
                return problem_page(request, Problem(503, "store-unavailable", "The store cannot be reached just now."))
            except Exception as error:
                log.error("a page failed", path=self.path, instance=instance_of(request.scope), exception=traced(error))
                return problem_page(request, _of_status(500))

        return handled


def problem_page(request: Request, problem: Problem) -> Response:
    """The problem, on a page of its status."""
    return page(
        request,
        "problem.html",
        status=problem.status,
        more_headers=problem.headers,
        # What was asked for is not repeated.
        here_is="/",
        problem=problem,
        title=_TITLES.get(problem.status, _NOT_SO),
    )


def add_missing_pages(app: FastAPI) -> None:
    """Let who looks with a browser for a page that is not there find one that says so."""
    answer: Any = app.exception_handlers[HTTPException]

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        is_api = request.url.path.startswith("/v1/")
        if error.status_code != 404 or is_api or "text/html" not in request.headers.get("accept", ""):
            answered: Response = await answer(request, error)
            return answered
        try:
            request.state.visitor = await visitor_of(request, request.app.state.console, "sign-in")
        except Exception:
            # Who it is only decides what is around the message.
            request.state.visitor = None
        return problem_page(request, _of_status(404))

    app.add_exception_handler(HTTPException, on_http)


def _of_status(status: int) -> Problem:
    code = HTTPStatus(status).phrase.lower().replace(" ", "-")
    return Problem(status, code, HTTPStatus(status).description or HTTPStatus(status).phrase)


def _sign_in(request: Request) -> Response:
    if request.method != "GET" or "hx-request" in request.headers:
        # What was typed is still in the browser: say what to do, and leave it there. Where a part of a page is asked
        # for, the page says so by itself.
        return page(request, "signed_out.html", status=401)
    is_known = request.app.state.console.organisation is not None and is_ours(request)
    straight = is_known and cookies.leads_to_organisation(request, time.time())
    path = "/sign-in/begin" if straight else "/sign-in"
    if here(request) != "/":
        path += "?" + urlencode({"next": here(request)})
    return go_to(path)
