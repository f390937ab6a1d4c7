"""Problem details for every error that a service answers. Source: RFC 9457."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from amends_platform.http.details import MEDIA_TYPE, details, new_instance

# Who sends thousands of wrong fields is not told of each.
_ERRORS_MAX = 50
# Nor are they all looked at: each takes as much memory as a complaint does.
_COUNTED_MAX = 1_000
_INSTANCE = "problem_instance"


class Problem(Exception):
    """An answer that is a problem. `code` is stable; `members` extend the body (`allowed`, `state`, `errors`).

    `hold_seconds`: how long the answer is kept back from somebody who asks too often.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        hold_seconds: float = 0.0,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.hold_seconds = hold_seconds
        self.members = members


def instance_of(scope: Scope) -> str:
    """The name of what went wrong with this request, in the answer and in the log: the path may hold a customer's."""
    state: dict[str, Any] = scope.setdefault("state", {})
    if _INSTANCE not in state:
        state[_INSTANCE] = new_instance()
    return str(state[_INSTANCE])


def problem_response(problem: Problem, instance: str) -> Response:
    """The problem as an HTTP response."""
    body = details(problem.status, problem.code, problem.detail, instance, **problem.members)
    return Response(body, problem.status, problem.headers, MEDIA_TYPE)


def invalid(error: ValidationError, body: type[BaseModel]) -> Problem:
    """The problem for a body that pydantic refused: 400 when it is no JSON at all, 422 when the fields are wrong.

    Each error carries a JSON pointer. What was sent is never repeated in the answer: a field that is not known is
    pointed at by what it stands in, and a known one is named that may have been meant.
    """
    if error.error_count() > _COUNTED_MAX:
        return Problem(422, "invalid-body", f"More than {_COUNTED_MAX:,} things are wrong with it.", errors=[])
    found = error.errors(include_url=False, include_input=False, include_context=False)
    if any(item["type"] == "json_invalid" for item in found):
        return Problem(400, "malformed-body", f"The body is no JSON: {found[0]['msg']}.")
    known = _names_in(body)
    errors = [_pointed_at(item["type"], item["loc"], item["msg"], known) for item in found[:_ERRORS_MAX]]
    named = "; ".join(f"{item['pointer']}: {item['detail']}" for item in errors[:3])
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    return Problem(422, "invalid-body", named + more, errors=errors)


def _pointed_at(kind: str, place: tuple[int | str, ...], message: str, known: frozenset[str]) -> dict[str, str]:
    strange = next((n for n, part in enumerate(place) if isinstance(part, str) and part not in known), len(place))
    pointer = "/" + "/".join(_escape(part) for part in place[:strange])
    if kind != "extra_forbidden":
        return {"pointer": pointer, "detail": _said(message)}
    meant = get_close_matches(str(place[-1]), known, n=1)
    return {"pointer": pointer, "detail": "There is an unknown field" + (f": {meant[0]} was meant?" if meant else ".")}


@cache
def _names_in(body: type[BaseModel]) -> frozenset[str]:
    """Every field of the body, and of what it is made of."""
    schema = body.model_json_schema()
    parts = (schema, *schema.get("$defs", {}).values())
    return frozenset(name for part in parts for name in part.get("properties", {}))


def install(app: FastAPI) -> None:
    """Make every error of the app, the framework's included, a problem."""

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        if error.hold_seconds:
            await asyncio.sleep(error.hold_seconds)
        return problem_response(error, instance_of(request.scope))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        status = HTTPStatus(error.status_code)
        code = status.phrase.lower().replace(" ", "-")
        detail = f"{status.description or status.phrase}."
        return problem_response(
            Problem(error.status_code, code, detail, headers=error.headers), instance_of(request.scope)
        )

    async def on_parameters(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        errors = [_of_parameter(item) for item in error.errors()[:_ERRORS_MAX]]
        detail = "; ".join(f"{item['parameter']}: {item['detail']}".removeprefix(": ") for item in errors[:3])
        return problem_response(Problem(422, "invalid-parameters", detail, errors=errors), instance_of(request.scope))

    async def on_crash(request: Request, _error: Exception) -> Response:
        problem = Problem(500, "internal-error", "Something went wrong here; it has been logged.")
        return problem_response(problem, instance_of(request.scope))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_parameters)
    app.add_exception_handler(Exception, on_crash)


def _of_parameter(item: Any) -> dict[str, str]:
    """The error, with the parameter's name where it is one of ours."""
    if item["type"] == "extra_forbidden":
        return {"parameter": "", "detail": "There is an unknown parameter."}
    return {"parameter": ".".join(str(part) for part in item["loc"][1:]), "detail": _said(item["msg"])}


def _escape(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _said(message: str) -> str:
    """What a check of ours says, without what pydantic puts before it."""
    return message.removeprefix("Value error, ")
