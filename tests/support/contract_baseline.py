"""What callers hold on to, as lines that can be compared: of the documents as they are, and as they were released.

`python -m tests.support.contract_baseline` releases: the documents of today are the baseline from then on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from tests.support.contract import Service, document

BASELINE = Path(__file__).parent / "contract_baseline.txt"
CHANGELOG = Path(__file__).parents[2] / "docs" / "api-changelog.md"


def promises(service: Service, described: dict[str, Any]) -> Iterator[str]:
    """What is there: no line of it may go away."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"{service} operation {method.upper()} {path} {operation['operationId']}"
            for parameter in operation.get("parameters", ()):
                yield f"{service} parameter {operation['operationId']} {parameter['name']}"
    for name, schema in described["components"]["schemas"].items():
        yield f"{service} schema {name}"
        for member in schema.get("properties", ()):
            yield f"{service} member {name}.{member}"
        for value in schema.get("enum", ()):
            yield f"{service} value {name}={value}"


def demands(service: Service, described: dict[str, Any]) -> Iterator[str]:
    """What is asked of callers, and what they must be ready for: no line may come."""
    for methods in described["paths"].values():
        for operation in methods.values():
            for status in operation["responses"]:
                yield f"{service} status {status}"
            for parameter in operation.get("parameters", ()):
                if parameter.get("required"):
                    yield f"{service} required {operation['operationId']} {parameter['name']}"
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            name = body.get("$ref", "").rpartition("/")[2]
            for member in described["components"]["schemas"].get(name, {}).get("required", ()):
                yield f"{service} required {name}.{member}"


def lines(documents: dict[Service, dict[str, Any]]) -> list[str]:
    """Both, each with what it is before it."""
    promised = {f"promise {line}" for service, each in documents.items() for line in promises(service, each)}
    demanded = {f"demand {line}" for service, each in documents.items() for line in demands(service, each)}
    return sorted(promised | demanded)


def present() -> list[str]:
    """Of the documents as they are."""
    return lines({service: document(service) for service in get_args(Service)})


def released() -> tuple[str, set[str]]:
    """The version of the baseline, and its lines."""
    version, *rest = BASELINE.read_text("utf-8").splitlines()
    return version, set(rest)


def write(version: str, said: list[str]) -> None:
    """Make this the baseline."""
    BASELINE.write_text("\n".join([version, *said, ""]), encoding="utf-8")


if __name__ == "__main__":
    write(document("intake")["info"]["version"], present())
    print(BASELINE)
