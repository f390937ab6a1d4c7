"""Holding whatever a service answers to its OpenAPI document: who calls a service in a test does it in passing."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import unquote

import httpx
from jsonschema import Draft202012Validator

ROOT: Final = Path(__file__).parents[2]
Service = Literal["intake", "workflow"]
# Documented once for all: a path that is not there, a wrong method, a fault of ours.
_OF_NO_OPERATION: Final = {404, 405, 500}
# To compare a body with its schema takes milliseconds; the first of each kind tell enough.
_COMPARED_MAX: Final = 3
_compared: Counter[tuple[str, int]] = Counter()


class Operation(NamedTuple):
    """One request that a service takes."""

    method: str
    path: re.Pattern[str]
    described: dict[str, Any]


@cache
def document(service: Service) -> dict[str, Any]:
    """The committed document."""
    read: dict[str, Any] = json.loads((ROOT / "docs" / f"openapi-{service}.json").read_text("utf-8"))
    return read


@cache
def operations(service: Service) -> tuple[Operation, ...]:
    """All of a service's, those first whose paths have the most that is written out."""
    paths = sorted(document(service)["paths"].items(), key=lambda item: (item[0].count("{"), -len(item[0])))
    return tuple(
        Operation(method.upper(), _pattern(path), described)
        for path, methods in paths
        for method, described in methods.items()
    )


def _pattern(path: str) -> re.Pattern[str]:
    # A customer's reference is the organisation's own: it may have slashes, and nobody keeps it from being empty.
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path).replace(r"\{ref\}", ".*")))


def hold_to_contract(service: Service, response: httpx.Response) -> None:
    """Fail where an answer has a status, a problem or a body that the document does not tell of."""
    request = response.request
    path = request.url.raw_path.partition(b"?")[0].decode()
    found = [each for each in operations(service) if each.method == request.method and each.path.fullmatch(path)]
    if not found:
        assert response.status_code in _OF_NO_OPERATION, f"{request.method} {unquote(path)} is not documented"
        return
    name, responses = found[0].described["operationId"], found[0].described["responses"]
    if response.status_code == 500:
        return
    assert str(response.status_code) in responses, f"{name} answers {response.status_code}, which is not documented"
    answer = resolved(service, responses[str(response.status_code)])
    media_type = response.headers.get("content-type", "").partition(";")[0]
    assert media_type in answer["content"], f"{name}: {media_type} is not documented"
    if media_type == "application/problem+json":
        code = response.json()["type"].rpartition(":")[2]
        documented = answer["content"][media_type]["examples"]
        assert code in documented, f"{name}: {response.status_code} {code} is not documented (problem_types/*.toml)"
    if media_type.endswith("json") and _compared[name, response.status_code] < _COMPARED_MAX:
        _compared[name, response.status_code] += 1
        validator(service, answer["content"][media_type]["schema"]).validate(response.json())


def resolved(service: Service, part: dict[str, Any]) -> dict[str, Any]:
    """What a part is, or what it refers to."""
    if "$ref" not in part:
        return part
    target: Any = document(service)
    for name in part["$ref"].removeprefix("#/").split("/"):
        target = target[name]
    found: dict[str, Any] = target
    return found


def validator(service: Service, schema: dict[str, Any]) -> Draft202012Validator:
    """For a schema of the document."""
    return Draft202012Validator({**schema, "components": document(service)["components"]})
