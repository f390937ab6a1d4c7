"""Compose files as `docker compose config` shows them: variables put in, one laid upon the other, held to the schema.

`compose-spec.json` is the schema of the Compose Specification (Apache-2.0, the compose-spec authors), without blanks.
What is merged otherwise than here (`!reset` and the like) is not used in this repository.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

# ${NAME}, ${NAME:-default} or ${NAME:?message}, and $$ for a dollar.
SUBSTITUTION = re.compile(r"\$(?:\$|\{([A-Z_]+)(:[-?])?([^}]*)\})")
# Lists of which the later one counts; all others are added to the earlier ones.
_REPLACED = {"command", "entrypoint", "test"}


class Unset(Exception):
    """A variable that has to be set is not."""


def composed(files: list[Path], environment: Mapping[str, str]) -> dict[str, Any]:
    """What comes of these files, the first one first. Raises Unset, and ValidationError of jsonschema."""
    whole: dict[str, Any] = {}
    for file in files:
        given = _with_variables(yaml.load(file.read_text("utf-8"), yaml.CSafeLoader), environment)
        _validator().validate(given)
        whole = _merged(whole, _normal(given))
    _validator().validate(whole)
    return whole


def variables(file: Path) -> set[str]:
    """The names of the variables in a file."""
    return {name for name, _, _ in SUBSTITUTION.findall(file.read_text("utf-8")) if name}


@functools.cache
def _validator() -> jsonschema.Draft7Validator:
    schema = json.loads(Path(__file__).with_name("compose-spec.json").read_text("utf-8"))
    return jsonschema.Draft7Validator(schema)


def _with_variables(value: Any, environment: Mapping[str, str]) -> Any:
    match value:
        case str():
            return SUBSTITUTION.sub(lambda found: _value(found, environment), value)
        case dict():
            return {key: _with_variables(each, environment) for key, each in value.items()}
        case list():
            return [_with_variables(each, environment) for each in value]
        case _:
            return value


def _value(found: re.Match[str], environment: Mapping[str, str]) -> str:
    name, kind, other = found.groups()
    if name is None:
        return "$"
    if kind == ":-":
        return environment.get(name) or other
    if not environment.get(name):
        raise Unset(f"{name}: {other}")
    return environment[name]


def _normal(given: dict[str, Any]) -> dict[str, Any]:
    """Without anchors' places, and networks always as a mapping."""
    whole = {key: value for key, value in given.items() if not key.startswith("x-")}
    for service in whole.get("services", {}).values():
        if isinstance(service.get("networks"), list):
            service["networks"] = dict.fromkeys(service["networks"])
    return whole


def _merged(below: Any, above: Any, key: str = "") -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {name: _merged(below.get(name), value, name) for name, value in above.items()}
    if isinstance(below, list) and isinstance(above, list) and key not in _REPLACED:
        return below + [each for each in above if each not in below]
    return above
