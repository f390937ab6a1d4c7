"""Giving a command to intake, as whoever is signed in, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx
import orjson
import structlog

from amends_platform.reasons import reason
from amends_workflow.console.visitors import NotSignedIn

log = structlog.get_logger()


class Done(NamedTuple):
    """It is on the disk. `reference` is the case's."""

    reference: str


class Refused(NamedTuple):
    """It is not, or nobody knows. `code` is intake's, or `intake-away`; `pointers` say which field, and why."""

    status: int
    code: str
    detail: str
    pointers: Mapping[str, str]


async def send(
    intake: httpx.AsyncClient, token: str, path: str, body: Any, *, key: str, version: int | None
) -> Done | Refused:
    """Send it, once: `key` lets intake know it again. `version` is that of the case that was looked at.

    Raises NotSignedIn where the session is over.
    """
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key, "Content-Type": "application/json"}
    if version is not None:
        headers["If-Match"] = f'"{version}"'
    try:
        response = await intake.post(path, content=orjson.dumps(body), headers=headers)
    except httpx.HTTPError as error:
        log.warning("intake does not answer", reason=reason(error))
        return _away("")
    answer = _json(response)
    if response.is_success and "reference" in answer:
        return Done(str(answer["reference"]))
    if response.status_code == 401:
        raise NotSignedIn
    code = str(answer.get("type", "")).rpartition(":")[2]
    if not code or response.status_code >= 500:
        log.warning("intake could not answer", status=response.status_code, code=code)
        return _away(str(answer.get("detail", "")))
    # Of what is wrong in the path or the query there is no pointer into the body.
    wrong = [each for each in answer.get("errors", ()) if "pointer" in each]
    pointers = {str(each["pointer"]): str(each["detail"]) for each in wrong}
    return Refused(response.status_code, code, str(answer.get("detail", "")), pointers)


def _away(detail: str) -> Refused:
    return Refused(503, "intake-away", detail, {})


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
