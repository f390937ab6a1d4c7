"""The OpenAPI documents say all that a stranger needs, and nothing that is not so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from amends_platform.contract.catalog import catalog
from tests.support.contract import Operation, Service, document, operations, resolved, validator

SERVICES: tuple[Service, ...] = get_args(Service)
ALL = [(service, operation) for service in SERVICES for operation in operations(service)]
BOTH = pytest.mark.parametrize("service", SERVICES)
EACH = pytest.mark.parametrize(
    ("service", "operation"), ALL, ids=[f"{service}-{each.described['operationId']}" for service, each in ALL]
)


@BOTH
def test_a_document_is_valid_openapi_3_1(service: Service) -> None:
    assert document(service)["openapi"].startswith("3.1")
    jsonschema_rs.Draft202012Validator(OPENAPI_31).validate(document(service))


@BOTH
def test_every_reference_leads_somewhere(service: Service) -> None:
    references = [each["$ref"] for each in _parts(document(service)) if isinstance(each.get("$ref"), str)]
    assert references
    for reference in references:
        resolved(service, {"$ref": reference})


@BOTH
def test_nothing_is_among_the_components_that_nobody_refers_to(service: Service) -> None:
    used = {each["$ref"] for each in _parts(document(service)) if isinstance(each.get("$ref"), str)}
    components = document(service)["components"]
    there = {f"#/components/{kind}/{name}" for kind, named in components.items() for name in named}
    assert {each for each in there - used if "/securitySchemes/" not in each and "/headers/" not in each} == set()


def test_no_operation_and_no_schema_of_both_services_differs_under_one_name() -> None:
    """Clients know both services under one roof."""
    intake, workflow = (document(service)["components"]["schemas"] for service in SERVICES)
    assert [name for name in intake.keys() & workflow.keys() if intake[name] != workflow[name]] == []
    names = [{each.described["operationId"] for each in operations(service)} for service in SERVICES]
    assert names[0] & names[1] == {"livez", "readyz", "metrics"}


@EACH
def test_an_operation_is_described(service: Service, operation: Operation) -> None:
    described = operation.described
    assert described["operationId"].replace("-", "").isalpha()
    assert described["operationId"] == described["operationId"].lower()
    assert described["summary"]
    assert set(described["tags"]) <= {tag["name"] for tag in document(service)["tags"]}
    for parameter in described.get("parameters", ()):
        assert parameter.get("description"), (
            f"{parameter['name']}: say what it is at its field, or in amends_platform/contract/parameters.py"
        )


@EACH
def test_whoever_may_not_is_told_so(service: Service, operation: Operation) -> None:
    if operation.described.get("security") == []:
        assert operation.described["tags"] == ["operations"]
        return
    assert {"401", "403", "429", "503"} <= operation.described["responses"].keys()


@EACH
def test_an_answer_that_is_a_problem_names_its_types_and_has_an_example_of_each(
    service: Service, operation: Operation
) -> None:
    for status, answer in operation.described["responses"].items():
        if status.startswith("2"):
            continue
        content = resolved(service, answer)["content"]["application/problem+json"]
        codes = list(content["examples"])
        types = content["schema"]["allOf"][1]["properties"]["type"]["enum"]
        assert types == [f"urn:amends:problem:{code}" for code in codes]
        for code in codes:
            assert int(status) in catalog()[code].statuses
            example = resolved(service, content["examples"][code])["value"]
            validator(service, content["schema"]).validate(example)


@EACH
def test_examples_are_what_their_schemas_say(service: Service, operation: Operation) -> None:
    described = operation.described
    success = next(answer for status, answer in described["responses"].items() if status.startswith("2"))
    for part in (described.get("requestBody", {}), success):
        content = part.get("content", {}).get("application/json", {})
        for example in content.get("examples", {}).values():
            validator(service, content["schema"]).validate(example["value"])


@EACH
def test_a_request_with_a_body_has_an_example(service: Service, operation: Operation) -> None:
    body = operation.described.get("requestBody")
    assert body is None or body["content"]["application/json"]["examples"], "amends_intake/examples.py"


@EACH
def test_links_lead_to_operations_with_parameters_that_these_have(service: Service, operation: Operation) -> None:
    known = {each.described["operationId"]: each.described for each in operations(service)}
    for answer in operation.described["responses"].values():
        for link in answer.get("links", {}).values():
            if "operationRef" in link:
                name, _, pointer = link["operationRef"].partition("#/paths/")
                assert name == "openapi-workflow.json"
                path, _, method = pointer.rpartition("/")
                target = document("workflow")["paths"][path.replace("~1", "/")][method]
            else:
                target = known[link["operationId"]]
            assert link["parameters"].keys() <= {parameter["name"] for parameter in target["parameters"]}


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _parts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _parts(each)
