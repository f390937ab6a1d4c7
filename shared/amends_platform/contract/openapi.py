"""Making the OpenAPI document of a service whole, from what FastAPI knows of its routes.

A route says what is its own: `answers("no-such-case")` as its `openapi_extra`. What is everybody's is added here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from amends_platform.contract.catalog import EVERY_COMMAND, EVERY_QUESTION
from amends_platform.contract.parameters import ABOUT
from amends_platform.contract.problem_answers import (
    HEADERS,
    ProblemDetails,
    codes_in,
    examples,
    problem_answers,
    shared_name,
)

VERSION: Final = "1.1.0"
"""Of both interfaces: docs/api-changelog.md says what came with which."""
_SCHEMAS: Final = "#/components/schemas/"
_RESPONSES: Final = "#/components/responses/"
_NAMES: Final = "x-names"
_CODES: Final = "x-codes"
_NO_ROUTE: Final = "not-found"
OPERATIONS: Final = "operations"
_API_KEY: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key, such as `amends keys create` makes: `Authorization: Bearer amends_…`. The console signs"
    " in with a key, and from then on shows the session that it was given for it in the same way.",
}
_TOKEN: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A token of the organisation's identity provider, where the service is told of one: shown in the"
    " same way as a key.",
}


class Described(NamedTuple):
    """What a service says of its own interface. `bodies`: models that routes parse themselves. `renamed`: schemas
    whose class has another name. `shared`: names (see `catalog`) by what answers that many routes share end with.
    `requests` and `successes`: examples by operation, `links` by operation and name."""

    every: str
    description: str
    tags: Mapping[str, str]
    bodies: Iterable[type[BaseModel]]
    renamed: Mapping[str, str]
    shared: Mapping[str, tuple[str, ...]]
    requests: Mapping[str, Any]
    successes: Mapping[str, Any]
    links: Mapping[str, Mapping[str, Any]]
    port: int


def answers(*codes: str, names: Iterable[str] = (), **more: Any) -> dict[str, Any]:
    """The `openapi_extra` of a route that may refuse with these codes, and with those that come up of `names`, the
    commands that it gives (see `catalog`)."""
    return {_CODES: list(codes), _NAMES: list(names), **more}


def complete(app: FastAPI, described: Described) -> None:
    """Let the app's document say all that `described` does, and what all services say alike."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(generate(), described)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _completed(document: dict[str, Any], described: Described) -> dict[str, Any]:
    document["info"] |= {
        "version": VERSION,
        "description": described.description,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }
    document["servers"] = [{"url": f"http://127.0.0.1:{described.port}", "description": "As `amends up` starts it."}]
    document["security"] = [{"apiKey": []}, {"token": []}]
    document["tags"] = [{"name": name, "description": about} for name, about in described.tags.items()]
    components = document["components"]
    schemas = components["schemas"]
    models: list[type[BaseModel]] = [*described.bodies, ProblemDetails]
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in models]
    _, definitions = models_json_schema(wanted, ref_template=_SCHEMAS + "{model}")
    schemas.update(definitions.get("$defs", {}))
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    shared = _shared(described)
    used: set[str] = set()
    for path, operation in operations(document):
        own = _refusals(path, operation, described)
        used |= codes_in(own)
        operation["responses"] = {
            **{status: answer for status, answer in operation["responses"].items() if status.startswith("2")},
            **{
                status: next(({"$ref": _RESPONSES + name} for name in shared if shared[name] == answer), answer)
                for status, answer in own.items()
            },
        }
        _say(operation, described)
    taken = {answer.get("$ref") for _, operation in operations(document) for answer in operation["responses"].values()}
    components["responses"] = {name: answer for name, answer in shared.items() if _RESPONSES + name in taken}
    components["examples"] = examples(used)
    components["headers"] = {name: dict(about) for name, about in HEADERS.items()}
    components["securitySchemes"] = {"apiKey": _API_KEY, "token": _TOKEN}
    renamed: dict[str, Any] = _renamed(document, described.renamed)
    renamed["components"]["schemas"] = dict(sorted(renamed["components"]["schemas"].items()))
    return renamed


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation of a document, with its path."""
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _refusals(path: str, operation: dict[str, Any], described: Described) -> dict[str, Any]:
    names, codes = operation.pop(_NAMES, []), operation.pop(_CODES, [])
    if OPERATIONS in operation["tags"]:
        operation["security"] = []
        return problem_answers(names, codes)
    # What no route takes is answered as a path that is not there.
    more = [_NO_ROUTE] if "{" in path else []
    made = problem_answers([described.every, *names], [*codes, *more])
    if described.every == EVERY_QUESTION and not operation.get("parameters"):
        made.pop("422", None)
    return made


def _shared(described: Described) -> dict[str, dict[str, Any]]:
    """The answers that many routes share, by what they are called among the components."""
    made: dict[str, dict[str, Any]] = {}
    for ending, names in described.shared.items():
        more = [_NO_ROUTE] if ending else []
        for status, answer in problem_answers([described.every, *names], more).items():
            if answer not in made.values():
                made[shared_name(int(status)) + ending] = answer
    return made


def _say(operation: dict[str, Any], described: Described) -> None:
    name = operation["operationId"]
    for parameter in operation.get("parameters", ()):
        parameter.setdefault("description", ABOUT.get(parameter["name"], ""))
        # What is left out of an URL is not there; nothing in one is null.
        _without_null(parameter["schema"])
    if name in described.requests:
        content = operation["requestBody"]["content"]["application/json"]
        content["examples"] = {"request": {"summary": operation["summary"], "value": described.requests[name]}}
    success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    if name in described.successes and "application/json" in success.get("content", {}):
        success["content"]["application/json"]["examples"] = {"answer": {"value": described.successes[name]}}
    if name in described.links:
        success["links"] = described.links[name]


def _without_null(schema: dict[str, Any]) -> None:
    kept = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(kept) == 1:
        del schema["anyOf"]
        schema.update(kept[0])


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    """The document without titles that only repeat names, and with schemas under the names that clients see."""
    if isinstance(part, dict):
        kept = {}
        for key, value in part.items():
            if key in ("examples", "value"):
                kept[key] = value
            elif key == "title" and isinstance(value, str) and ("type" in part or "$ref" in part or "anyOf" in part):
                continue
            elif key == "$ref" and value.startswith(_SCHEMAS):
                name = value.removeprefix(_SCHEMAS)
                kept[key] = _SCHEMAS + names.get(name, name)
            elif key == "schemas":
                kept[key] = {names.get(name, name): _renamed(schema, names) for name, schema in value.items()}
            else:
                kept[key] = _renamed(value, names)
        return kept
    return [_renamed(each, names) for each in part] if isinstance(part, list) else part


__all__ = ["EVERY_COMMAND", "EVERY_QUESTION", "OPERATIONS", "VERSION", "Described", "answers", "complete", "operations"]
