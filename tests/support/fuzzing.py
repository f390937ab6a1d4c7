"""Both services asked whatever their OpenAPI documents allow, and much that these do not: by schemathesis, in process.

It generates requests in a thread of its own; the services answer in the test's event loop, on a real database.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from typing import Any, Final
from uuid import uuid4

import httpx
import hypothesis
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.console import Desk
from tests.support.contract import document, hold_to_contract

CHECKS: Final = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_ANSWER_SECONDS_MAX: Final = 60.0
_WORKFLOW: Final = "openapi-workflow.json#/paths/"


def settings(examples: int) -> hypothesis.settings:
    """So many requests of a kind, the same ones each time, unless AMENDS_FUZZ_SEED says otherwise."""
    return hypothesis.settings(
        max_examples=examples,
        derandomize="AMENDS_FUZZ_SEED" not in os.environ,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        stateful_step_count=int(os.environ.get("AMENDS_FUZZ_STEPS", "6")),
    )


class Fuzzing:
    """Sends what is generated. `keys` are by who shows them, "nobody" none; `references` are of cases that there are,
    `sent` counts the answers by operation and status."""

    def __init__(self, desk: Desk, keys: Mapping[str, str | None], references: Sequence[str]) -> None:
        self.keys = dict(keys)
        self.references = list(references)
        self.sent: Counter[tuple[str, int]] = Counter()
        refused = {"negative_data_rejection": {"expected-statuses": ["4xx", 503]}}
        config = schemathesis.Config.from_dict({"checks": refused})
        self.schema = schemathesis.openapi.from_dict(together(), config=config)
        self._loop = asyncio.get_running_loop()
        self._services = {
            "intake": httpx.AsyncClient(transport=httpx.ASGITransport(desk.intake.app, raise_app_exceptions=False)),
            "workflow": httpx.AsyncClient(transport=httpx.ASGITransport(desk.app, raise_app_exceptions=False)),
        }

    def operations(self) -> list[Any]:
        """Every operation of both services."""
        return [result.ok() for result in self.schema.get_all_operations()]  # type: ignore[union-attr]  # the documents are valid

    def ask(self, operation: Any, mode: GenerationMode, examples: int) -> None:
        """Send so many requests to an operation. Raises what schemathesis finds wrong with an answer."""
        checks = CHECKS if mode is GenerationMode.POSITIVE else [*CHECKS, negative_data_rejection]

        @settings(examples)
        @hypothesis.given(
            case=operation.as_strategy(mode),
            who=st.sampled_from(sorted(self.keys)),
            reference=st.sampled_from(self.references),
            is_known=st.booleans(),
        )
        def asked(case: Any, who: str, reference: str, is_known: bool) -> None:
            if mode is GenerationMode.POSITIVE and is_known and "id" in (case.path_parameters or {}):
                # Of what is made up, there is no case.
                case.path_parameters["id"] = reference
                _begin(case)
            response = self.send(case, self.keys[who])
            case.validate_response(response, checks=checks)

        seed = os.environ.get("AMENDS_FUZZ_SEED")
        # Where nothing can be sent, nothing wrong can be.
        with suppress(hypothesis.errors.Unsatisfiable):
            (hypothesis.seed(int(seed))(asked) if seed else asked)()

    def walk(self, walks: int, who: str) -> None:
        """Follow links from answer to answer, as somebody. Raises as `ask`."""
        fuzzing, key = self, self.keys[who]

        class Walk(self.schema.as_state_machine()):  # type: ignore[misc]
            def call(self, case: Any, **_options: Any) -> Any:
                _begin(case)
                return schemathesis.Response.from_any(fuzzing.send(case, key))

            def validate_response(self, response: Any, case: Any, **_options: Any) -> None:
                case.validate_response(response, checks=CHECKS)

        Walk.run(settings=settings(walks))

    def send(self, case: Any, key: str | None) -> httpx.Response:
        """The answer to a generated request."""
        prepared = requests.Request(**case.as_transport_kwargs(base_url="http://amends")).prepare()
        headers = httpx.Headers({name: _text(value) for name, value in prepared.headers.items()})
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        if "Idempotency-Key" in headers:
            # Nearly nothing would be new.
            headers["Idempotency-Key"] = (
                uuid4().hex if case.meta is None or _is_valid(case) else headers["Idempotency-Key"]
            )
        name = "intake" if prepared.method == "POST" else "workflow"
        body: Any = prepared.body
        request = httpx.Request(str(prepared.method), str(prepared.url), headers=headers, content=body)
        sending = asyncio.run_coroutine_threadsafe(self._services[name].send(request), self._loop)
        response = sending.result(_ANSWER_SECONDS_MAX)
        # What is documented may be 501 and 503; a fault of ours never is.
        assert response.status_code not in (500, 502, 504), (case.as_curl_command(), response.text)
        self.sent[case.operation.definition.raw["operationId"], response.status_code] += 1
        hold_to_contract(name, response)  # type: ignore[arg-type]
        return response


def _begin(case: Any) -> None:
    """Ask for the first page: a cursor that is made up is none of ours."""
    (case.query or {}).pop("cursor", None)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _is_valid(case: Any) -> bool:
    return case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE


def _without_long(part: Any) -> Any:
    """Texts that are too long by megabytes take their time to make, and are refused by their length alone."""
    if isinstance(part, dict):
        return {key: _without_long(value) for key, value in part.items() if key != "maxLength" or value < 1_000}
    return [_without_long(each) for each in part] if isinstance(part, list) else part


def together() -> dict[str, Any]:
    """One document of both services, in which links from one lead to the other."""
    # Answers of one name differ between them.
    text = json.dumps(_without_long(document("intake"))).replace(
        "#/components/responses/", "#/components/responses/Intake"
    )
    intake, workflow = json.loads(text), deepcopy(document("workflow"))
    responses = intake["components"].pop("responses")
    intake["components"]["responses"] = {f"Intake{name}": answer for name, answer in responses.items()}
    for kind, named in intake["components"].items():
        workflow["components"].setdefault(kind, {}).update(named)
    for path, methods in intake["paths"].items():
        workflow["paths"].setdefault(path, {}).update(methods)
    names = {
        path: operation["operationId"]
        for path, methods in workflow["paths"].items()
        for method, operation in methods.items()
        if method == "get"
    }
    for methods in workflow["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                for link in answer.get("links", {}).values():
                    if "operationRef" in link:
                        path = link.pop("operationRef").removeprefix(_WORKFLOW).removesuffix("/get")
                        link["operationId"] = names[path.replace("~1", "/")]
    # Who asks is drawn by us: a key that is left out would not be missed.
    del workflow["servers"], workflow["security"], workflow["components"]["securitySchemes"]
    return dict(workflow)
