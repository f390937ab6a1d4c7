"""The generated part of `amends_client`, from the OpenAPI documents: models by datamodel-code-generator, a method for
each operation by a template."""

from __future__ import annotations

import json
import keyword
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.support.contract import Service

_HERE = Path(__file__).parent
_PACKAGE = _HERE.parents[1] / "shared" / "amends_client"
_ABOUT = {"intake": "Where complaints are recorded.", "workflow": "Where cases are asked for."}
_TYPING = "Any, Literal, NotRequired, TypeAlias, TypedDict"
_MODELS = '"""What is sent and answered. Made from the OpenAPI documents by `make docs`; do not edit."""'
# The address says what is passed on beside these.
_OF_THE_CALLER = {"Idempotency-Key", "If-Match"}
# What only narrows a value makes a type of its own in the models, which nobody needs.
_NARROWING = ("minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_NARROWING_MORE = ("minItems", "maxItems", "format", "additionalProperties", "minProperties", "maxProperties")
_KINDS = {"string": "str", "integer": "int", "boolean": "bool", "number": "float"}


class Method(NamedTuple):
    """One operation as a method. `reading` is what reads the answer, `item` the type of a list's items, `headers` what
    each of its pages is asked for with."""

    name: str
    summary: str
    arguments: list[str]
    parameters: list[str]
    call: str
    reading: str
    answered: str
    item: str | None
    headers: str = ""

    @property
    def is_stream(self) -> bool:
        return self.reading == "_events"

    @property
    def signature(self) -> str:
        return _signature([*self.arguments, *self.parameters])

    @property
    def signature_of_all(self) -> str:
        return _signature([*self.arguments, *(each for each in self.parameters if not each.startswith("cursor:"))])

    @property
    def passed(self) -> str:
        names = [each.partition(":")[0] for each in self.parameters]
        positional = [each.partition(":")[0] for each in self.arguments if each != "*"]
        return ", ".join([*positional, *(f"{name}={name}" for name in names if name != "cursor")])

    def answer(self, is_async: bool) -> str:
        return f"{'Async' if is_async else ''}Iterator[Happened]" if self.is_stream else self.answered


def models(documents: Mapping[Service, Any]) -> str:
    """The TypedDict of every schema of both services."""
    from datamodel_code_generator import InputFileType, PythonVersion, generate
    from datamodel_code_generator.enums import DataModelType
    from datamodel_code_generator.format import Formatter

    schemas: dict[str, Any] = {}
    for document in documents.values():
        schemas |= document["components"]["schemas"]
    together = {
        "openapi": "3.1.0",
        "info": {"title": "Amends", "version": "1"},
        "paths": {},
        "components": {"schemas": {name: _widened(schema) for name, schema in sorted(schemas.items())}},
    }
    text = generate(
        json.dumps(together),
        input_file_type=InputFileType.OpenAPI,
        output_model_type=DataModelType.TypingTypedDict,
        target_python_version=PythonVersion.PY_311,
        use_schema_description=True,
        use_union_operator=True,
        use_standard_collections=True,
        disable_timestamp=True,
        formatters=[Formatter.BUILTIN],
        custom_file_header=_MODELS,
    )
    assert isinstance(text, str)
    text = text.replace("from typing_extensions import TypedDict\n", "")
    text = text.replace("from typing import Any, Literal, NotRequired, TypeAlias", f"from typing import {_TYPING}")
    return _formatted(text)


def methods(service: Service, document: Any) -> str:
    """The module of one service."""
    environment = Environment(  # Python, no HTML
        loader=FileSystemLoader(_HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.get_template("client.py.jinja")
    operations = list(_methods(document))
    return _formatted(template.render(service=service, about=_ABOUT[service], operations=operations))


def _methods(document: Any) -> Iterator[Method]:
    for path, by_method in document["paths"].items():
        for verb, operation in by_method.items():
            if operation["tags"] != ["operations"]:
                yield from _method(path, verb, operation, document)


def _method(path: str, verb: str, operation: Any, document: Any) -> Iterator[Method]:
    name = operation["operationId"].replace("-", "_")
    parameters = operation.get("parameters", ())
    in_path = [each for each in parameters if each["in"] == "path"]
    arguments = [f"{each['name']}: {_type(each['schema'], document)}" for each in in_path]
    filled = path
    for each in in_path:
        filled = filled.replace(f"{{{each['name']}}}", f"{{quoted({each['name']})}}")
    where = f'f"{filled}"' if in_path else f'"{path}"'
    summary = operation["summary"].rstrip(".")
    success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    content = success["content"]
    if verb == "post":
        body = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        versioned = any(each["name"] == "If-Match" for each in parameters)
        more = [*(["if_match: int | None = None"] if versioned else []), "idempotency_key: str | None = None"]
        call = f"command({where}, body, {'if_match' if versioned else None}, idempotency_key)"
        answered = _model(content["application/json"]["schema"])
        yield Method(name, summary, [*arguments, f"body: models.{body}", "*"], more, call, "_json", answered, None)
        return
    query = [each for each in parameters if each["in"] == "query"]
    headers = [each for each in parameters if each["in"] == "header" and each["name"] not in _OF_THE_CALLER]
    files = {media_type for media_type in content if "json" not in media_type}
    many = "application/json" in content and bool(files)
    ways = [("", "_json", "application/json")] if many else [("", _reading(content), next(iter(content)))]
    if many:
        ways.append(("_file", "_bytes", ""))
    for ending, reading, media_type in ways:
        said = [each for each in query if not (many and not ending and each["name"] in ("format", "language"))]
        required = [each for each in (*said, *headers) if each.get("required")]
        optional = [each for each in (*said, *headers) if not each.get("required")]
        arguments_of_query = [
            *(f"{_name(each)}: {_type(each['schema'], document)}" for each in required),
            *(f"{_name(each)}: {_type(each['schema'], document)} | None = None" for each in optional),
        ]
        told = ", ".join(f'"{each["name"]}": {_value(each)}' for each in said)
        told_headers = ", ".join(f'"{each["name"]}": {_name(each)}' for each in headers)
        call = f"query({where}, {{{told}}}" + (f", {{{told_headers}}})" if headers else ")")
        sent = f", {{{told_headers}}}" if headers else ""
        schema = content.get(media_type, {}).get("schema", {})
        answered = {"_json": _model(schema), "_bytes": "bytes", "_text": "str"}.get(reading, "Any")
        item = _item(schema, document) if reading == "_json" else None
        begun = [*arguments, "*"] if arguments_of_query else arguments
        yield Method(name + ending, summary, begun, arguments_of_query, call, reading, answered, item, sent)


def _reading(content: Mapping[str, Any]) -> str:
    (media_type,) = content
    readings = {"application/json": "_json", "text/plain": "_text", "text/event-stream": "_events"}
    return readings.get(media_type, "_bytes")


def _name(parameter: Any) -> str:
    name = parameter["name"].replace("-", "_").lower()
    return f"{name}_" if keyword.iskeyword(name) else name


def _value(parameter: Any) -> str:
    # What was recorded by whoever asks is seen by them.
    return f"{_name(parameter)} or self._min_position" if parameter["name"] == "min_position" else _name(parameter)


def _type(schema: Any, document: Any) -> str:
    if "$ref" in schema:
        return _type(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if "anyOf" in schema:
        return _type(schema["anyOf"][0], document)
    if schema.get("type") == "array":
        return f"Sequence[{_type(schema['items'], document)}]"
    kind = _KINDS[schema.get("type", "string")]
    return f"{kind} | datetime" if schema.get("format") == "date-time" else kind


def _model(schema: Any) -> str:
    return f"models.{schema['$ref'].rpartition('/')[2]}" if "$ref" in schema else "dict[str, Any]"


def _item(schema: Any, document: Any) -> str | None:
    if "$ref" not in schema:
        return None
    properties = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]].get("properties", {})
    return _model(properties["items"]["items"]) if {"items", "next"} <= properties.keys() else None


def _signature(arguments: list[str]) -> str:
    return ", ".join(["self", *arguments])


def _widened(part: Any) -> Any:
    if isinstance(part, dict):
        narrowing = (*_NARROWING, *_NARROWING_MORE) if "properties" not in part or "type" in part else ()
        # Of an object that is a table it says of which type the values are.
        kept = {
            key: value
            for key, value in part.items()
            if key not in narrowing or (key == "additionalProperties" and "properties" not in part)
        }
        return {key: _widened(value) for key, value in kept.items()}
    return [_widened(each) for each in part] if isinstance(part, list) else part


@cache
def _ruff() -> str:
    return str(Path(sys.executable).parent / "ruff")


def _formatted(text: str) -> str:
    for doing in (["check", "--fix-only", "--select", "F401,I"], ["format", "--line-length", "120"]):
        command = [_ruff(), *doing, "--quiet", "--stdin-filename", str(_PACKAGE / "made.py"), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return text
