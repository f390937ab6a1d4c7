"""How an OpenAPI document describes refusals: for each status an answer that names every code it may carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from amends_platform.contract.catalog import catalog, codes_of
from amends_platform.http.details import MEDIA_TYPE, problem_type

# Status: what the shared answer is called, and what it says of all its codes.
_SAID: Final[Mapping[int, tuple[str, str]]] = {
    400: ("Malformed", "The request cannot be read"),
    401: ("Unauthenticated", "Nobody is known by what was shown; nothing was recorded"),
    403: ("Forbidden", "Not for whoever asks"),
    404: ("NotFound", "There is no such thing, or not for whoever asks"),
    408: ("TooSlow", "Too little of the request came in time; nothing was recorded"),
    409: ("Conflict", "Not as things stand; nothing was recorded"),
    412: ("MovedOn", "The case has moved on; nothing was recorded"),
    413: ("TooLarge", "The body is too large; nothing was recorded"),
    414: ("UriTooLong", "Path and query are too long"),
    415: ("UnsupportedMediaType", "The body is of another media type; nothing was recorded"),
    422: ("Invalid", "It can never be so, whatever becomes of the case"),
    428: ("KeyMissing", "There is no Idempotency-Key; nothing was recorded"),
    429: ("TooMany", "Too many at a time: wait, and send it again"),
    431: ("HeadTooLarge", "There are too many headers, or too long ones; nothing was recorded"),
    501: ("NotHere", "This installation cannot do it"),
    503: ("Unavailable", "Not just now: wait, and send it again"),
}
HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ETag": {
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
        "description": "The version of the case, in quotes.",
    },
    "Location": {"schema": {"type": "string"}, "description": "Where commands on the new case go."},
    "Idempotent-Replayed": {
        "schema": {"type": "string", "const": "true"},
        "description": "There when this is a first answer once more: the request was carried out before.",
    },
    "Retry-After": {
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
        "description": "So many seconds to wait before the same request is sent again.",
    },
    "WWW-Authenticate": {"schema": {"type": "string"}, "description": "Bearer"},
    "Content-Disposition": {"schema": {"type": "string"}, "description": "A name for the file."},
    "Cache-Control": {"schema": {"type": "string"}, "description": "Whether it may be kept."},
}
"""Every header that an answer may have, by name: the `headers` of the components."""
_HEADERS_OF: Final = {401: "WWW-Authenticate", 412: "ETag", 429: "Retry-After", 503: "Retry-After"}


class FieldError(BaseModel):
    """What is wrong in one place: a JSON pointer into the body, or the name of a parameter."""

    pointer: str | None = Field(None, description="into the body")
    parameter: str | None = Field(None, description="of the path, the query or the headers")
    detail: str


class ProblemDetails(BaseModel):
    """Every error is answered like this. What more there is depends on the type. Source: RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="a stable URI: docs/problems.md lists them all, and what to do about each")
    title: str = Field(description="the type in words")
    status: int = Field(description="the status of this answer")
    detail: str = Field(description="what is wrong this time, and what may be done instead")
    instance: str = Field(description="a name for this occurrence, by which the log of the service is found")
    errors: list[FieldError] = Field([], description="of a body or of parameters: what is wrong where")
    state: str | None = Field(None, description="of a command: the state of the case")
    version: int | None = Field(None, description="of a command: the version of the case")
    allowed: list[str] = Field([], description="of a command: those that are possible now")


def header(name: str) -> dict[str, Any]:
    """The `headers` of an answer that has this one."""
    return {name: {"$ref": f"#/components/headers/{name}"}}


def problem_answers(names: Iterable[str], codes: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The answers, by status, to what may be refused with these codes, and with those that come up of `names`."""
    names = set(names)
    by_status: dict[int, list[str]] = {}
    for code in sorted({*codes_of(*names), *codes}):
        problem = catalog()[code]
        # Only what is called by name has the further ones, see `catalog`.
        named = problem.of & names - {"every-command", "every-question", "case", "erasure"}
        for status in problem.statuses if named else problem.statuses[:1]:
            by_status.setdefault(status, []).append(code)
    return {str(status): _answer(status, by_status[status]) for status in sorted(by_status)}


def shared_name(status: int) -> str:
    """What an answer of this status is called among the components, where many operations share it."""
    return _SAID[status][0] if status in _SAID else HTTPStatus(status).phrase.replace(" ", "")


def examples(codes: Iterable[str]) -> dict[str, dict[str, Any]]:
    """An example of each code, as the components name them."""
    made = {}
    for code in sorted(codes):
        problem = catalog()[code]
        value = problem.example(problem.statuses[0], "urn:uuid:01a1ffd5-c5d9-7b3c-a1de-0f2b7c8d9e10")
        made[code] = {"summary": problem.title, "description": problem.do, "value": value}
    return made


def codes_in(answers: Mapping[str, Any]) -> set[str]:
    """The codes that these answers name."""
    return {
        code
        for answer in answers.values()
        for code in answer.get("content", {}).get(MEDIA_TYPE, {}).get("examples", ())
    }


def _answer(status: int, codes: list[str]) -> dict[str, Any]:
    types = {"type": "object", "properties": {"type": {"enum": [problem_type(code) for code in codes]}}}
    answer: dict[str, Any] = {
        "description": _SAID[status][1] if status in _SAID else HTTPStatus(status).phrase,
        "content": {
            MEDIA_TYPE: {
                "schema": {"allOf": [{"$ref": "#/components/schemas/ProblemDetails"}, types]},
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
    }
    if status in _HEADERS_OF:
        answer["headers"] = header(_HEADERS_OF[status])
    return answer
