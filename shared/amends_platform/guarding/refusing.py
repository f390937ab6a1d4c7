"""What is said to a client that is turned away, where no application is asked."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from amends_platform.guarding.headers import SECURITY
from amends_platform.http.details import new_instance
from amends_platform.http.problems import Problem, instance_of, problem_response

_RETRY_AFTER: Final = {"Retry-After": "2"}
_STILL_ANSWERED: Final = "/livez"


def wrong_request(detail: str) -> Problem:
    return Problem(400, "malformed-request", detail)


def too_slow(seconds: float) -> Problem:
    return Problem(408, "request-timeout", f"Nothing, or too little, of the request came within {seconds:g} s.")


def too_many_connections() -> Problem:
    return Problem(
        503, "too-many-connections", "There is no room for another connection just now.", headers=_RETRY_AFTER
    )


def given_up(method: str, seconds: float) -> Problem:
    """The answer to a request that was not answered in time. What it had begun may have been recorded."""
    if method in ("GET", "HEAD"):
        detail = f"This took longer than {seconds:g} s and was given up. Ask again."
    else:
        detail = (
            f"This took longer than {seconds:g} s and was given up, perhaps after it was recorded. Send the same"
            " request again with the same Idempotency-Key: it is carried out once."
        )
    return Problem(503, "request-given-up", detail, headers=_RETRY_AFTER)


def stopped() -> Problem:
    return Problem(
        503,
        "stopping",
        "This process stops, perhaps after this was recorded. Send the same request again with the same"
        " Idempotency-Key: it is carried out once.",
        headers=_RETRY_AFTER,
    )


def only_whether_it_lives(problem: Problem, *, closes: bool = False) -> ASGIApp:
    """The application of what is beyond a limit: a probe is answered, so that nobody ends the process for being busy;
    everybody else is told to come back. `closes`: after the answer, the connection.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == _STILL_ANSWERED:
            response: Response = JSONResponse({"status": "alive"})
        else:
            await asyncio.sleep(problem.hold_seconds)
            response = problem_response(problem, instance_of(scope))
        if closes:
            response.headers["connection"] = "close"
        response.raw_headers += SECURITY
        await response(scope, receive, send)

    return answer


def bare_answer(problem: Problem) -> bytes:
    """The problem as a whole HTTP response, after which the connection is closed."""
    response = problem_response(problem, new_instance())
    head = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}".encode(), b"connection: close"]
    head += [name + b": " + value for name, value in (*response.raw_headers, *SECURITY)]
    return b"\r\n".join(head) + b"\r\n\r\n" + bytes(response.body)
