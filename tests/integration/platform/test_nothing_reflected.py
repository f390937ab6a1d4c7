"""No refusal repeats what was sent: whoever reads it, logs it or is shown it learns nothing from there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.console import SAME_ORIGIN, Desk

MARK = "zq7marker"
HEADERS: tuple[dict[str, str], ...] = (
    {"Authorization": MARK},
    {"Authorization": f"Bearer {MARK}"},
    {"Authorization": f"Bearer amends_{MARK:x<43}"},
    {"Idempotency-Key": f"{MARK} {MARK}"},
    {"If-Match": MARK},
    {"If-Match": f'"{MARK}"'},
    {"Content-Type": MARK},
    {"Content-Type": f"application/json; charset={MARK}"},
    {"Content-Encoding": MARK},
    {"Last-Event-ID": MARK},
    {"Accept": MARK, "Accept-Language": MARK},
    {"traceparent": MARK, "X-Forwarded-For": MARK, "X-Forwarded-Proto": MARK, "Cookie": f"{MARK}={MARK}"},
    {f"X-{MARK}": MARK, "Origin": f"https://{MARK}", "Referer": f"https://{MARK}"},
)


def bodies(fields: list[str]) -> Iterator[Any]:
    """As JSON: wrong in every way, with the mark in every place."""
    yield MARK
    yield [MARK]
    yield {MARK: MARK}
    for wrong in (MARK, f"{MARK}\x00", [MARK], {MARK: MARK}, [{MARK: MARK}]):
        yield dict.fromkeys(fields, wrong)
    yield {"occurred_at": MARK, **dict.fromkeys(fields, 7), MARK: 7}


def refusal_is_silent(response: httpx.Response) -> bool:
    """Whether it is one, and silent; what succeeds may say what it found."""
    assert response.status_code != 500, (response.request.method, response.request.url)
    if response.status_code < 400:
        return False
    said = response.text + repr(response.headers)
    assert MARK not in said.lower(), (response.request.method, response.request.url, said)
    return True


def paths(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def filled(path: str, name: str) -> str:
    """The path with `name` for whatever is to be named."""
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + name + rest.partition("}")[2]
    return path


def fields_of(document: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return []
    name = content["schema"]["$ref"].rpartition("/")[2]
    return list(document["components"]["schemas"][name]["properties"])


async def test_no_command_is_refused_with_what_was_sent(desk: Desk) -> None:
    caller = await desk.intake.caller("department_head")
    case = await caller.receive()
    document = desk.intake.app.openapi()
    refused = 0
    for method, path, operation in paths(document):
        if method != "POST":
            continue
        for number, body in enumerate(bodies(fields_of(document, operation))):
            name = case["reference"] if number % 2 else MARK
            refused += refusal_is_silent(await caller.post(filled(path, name), body))
        refused += refusal_is_silent(await caller.post(filled(path, MARK), content=f'{{"{MARK}'.encode()))
        refused += refusal_is_silent(await caller.post(f"{filled(path, MARK)}?{MARK}={MARK}", {}))
    for headers in HEADERS:
        refused += refusal_is_silent(await caller.post("/v1/complaints", {}, headers=headers))
        refused += refusal_is_silent(await caller.post(f"/v1/customers/{MARK}/erasure", {}, headers=headers))
    # Some are carried out: a note may hold anything.
    assert refused > 300


async def test_no_question_is_refused_with_what_was_sent(desk: Desk) -> None:
    caller = await desk.intake.caller("department_head")
    asking = httpx.AsyncClient(transport=httpx.ASGITransport(desk.app, raise_app_exceptions=False))
    authorization = {"Authorization": f"Bearer {caller._api_key}"}
    async with asking as client:
        refused = 0
        for method, path, operation in paths(desk.app.openapi()):
            url = "http://desk" + filled(path, MARK)
            declared = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
            for query in ({}, dict.fromkeys(declared, MARK), dict.fromkeys(declared, f"{MARK}\x00"), {MARK: MARK}):
                if path == "/v1/stream" and not query:
                    continue
                asked = await client.request(method, url, params=query or None, headers=authorization)
                refused += refusal_is_silent(asked)
            refused += refusal_is_silent(await client.request("PUT", url, content=MARK, headers=authorization))
        for headers in HEADERS:
            for path in ("/v1/cases/x", f"/v1/cases?{MARK}=1", f"/{MARK}", f"/v1/{MARK}/%2e%2e/{MARK}?{MARK}"):
                refused += refusal_is_silent(await client.get(f"http://desk{path}", headers=authorization | headers))
    assert refused > 100


async def test_no_page_says_what_was_asked_for_in_vain(desk: Desk) -> None:
    visitor = await desk.visitor("department_head")
    refused = 0
    for path in (
        *(
            f"/{MARK}",
            f"/cases/{MARK}",
            f"/cases/{MARK}/do/note",
            f"/cases/{MARK}/do/{MARK}",
            f"/cases/{MARK}/evidence",
        ),
        *(f"/reports/{MARK}", "/reports/2026-10/file?format=" + MARK, f"/alerts?cursor={MARK}", f"/?sort={MARK}"),
        *(f"/?cursor={MARK}", f"/audit?cursor={MARK}", f"/static/{MARK}/{MARK}", f"/live?kinds={MARK}"),
        *(f"/cases/{MARK}?as_of={MARK}", f"/reports/2026-10?branch={MARK}", f"/board?branch={MARK}%00"),
    ):
        refused += refusal_is_silent(await visitor.get(path))
    # But a form of a case, or of a complaint, keeps what was typed into it.
    for path in ("/sign-in", "/sign-out", f"/cases/{MARK}/do/note", f"/{MARK}"):
        refused += refusal_is_silent(await visitor.send(path, {"csrf": MARK, "key": MARK, MARK: MARK}))
        headers = SAME_ORIGIN | {"Content-Type": MARK}
        refused += refusal_is_silent(await visitor.client.post(path, content=MARK, headers=headers))
    assert refused > 12


@pytest.mark.parametrize("service", ["intake", "workflow"])
async def test_every_answer_tells_browsers_what_to_refuse(desk: Desk, service: str) -> None:
    app = desk.intake.app if service == "intake" else desk.app
    asking = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://here")
    async with asking as client:
        answers = [await client.get(path) for path in ("/livez", "/openapi.json", "/docs", "/nowhere", "/metrics")]
        answers.append(await client.get("/v1/cases"))
        command = await client.post("/v1/complaints")
    for answer in answers:
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] in ("no-referrer", "same-origin")
    for answer in (*answers, command):
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
        assert not [name for name in headers if name.startswith("access-control-")]
