"""The reference of all settings, made from the settings."""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from amends_platform.configuration.kinds import Networks, Rate
from amends_platform.settings import GROUPS, PREFIX, Settings

_KINDS: dict[Any, str] = {Rate: "`off`, or so many a second", Networks: "networks"}
_OPENING = """\
# Configuration

Made from `shared/amends_platform/configuration/` by `make docs`; do not edit.

Every program reads its settings from environment variables. A value that cannot be used stops it with exit status 2
and the reason; `amends doctor` shows the values here, and names misspelt variables. A variable that is empty is not
set. `amends up` sets for its services what they need; docker-compose.yml and the chart set it for theirs.

Read by: `intake`, `workflow` and `notifier` are the services; `up` is `amends up` and `amends demo`; `commands` are the
other `amends` commands. A password need not stand in the environment: `…_PASSWORD_FILE` names a file that holds it.
"""


def configuration() -> str:
    """docs/configuration.md."""
    return _OPENING + "".join(_section(group) for group in GROUPS)


def readme_table() -> str:
    """The settings that everybody meets, for the README."""
    rows = [f"| `{_variable(name)}` | {_default(field)} | {field.description} |" for name, field in _fields(GROUPS[0])]
    table = ["| variable | default | meaning |", "| --- | --- | --- |", *rows]
    return "\n".join([*table, "", "[docs/configuration.md](docs/configuration.md) lists all of them, by subject."])


def _section(group: type[BaseModel]) -> str:
    lines = [
        "",
        f"## {(group.__doc__ or '').strip()}",
        "",
        "| variable | value | default | example | read by | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(group, name, field) for name, field in _fields(group)),
        "",
    ]
    return "\n".join(lines)


def _row(group: type[BaseModel], name: str, field: FieldInfo) -> str:
    extra = field.json_schema_extra
    read_by = extra.get("read_by") if isinstance(extra, dict) else None
    example = f"`{field.examples[0]}`" if field.examples else ""
    value = _value(name, get_type_hints(group, include_extras=True)[name])
    cells = (f"`{_variable(name)}`", value, _default(field), example, read_by or group.READ_BY, field.description)  # type: ignore[attr-defined]
    return f"| {' | '.join(map(str, cells))} |"


def _fields(group: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    return ((name, Settings.model_fields[name]) for name in group.__annotations__ if name in Settings.model_fields)


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _default(field: FieldInfo) -> str:
    is_none = field.default is None or field.default_factory is not None or field.default == ""
    return "" if is_none else f"`{field.default}`"


def _value(name: str, hint: Any) -> str:
    """What may stand there, in a word or two."""
    if hint in _KINDS:
        return _KINDS[hint]
    bounds: list[Any] = []
    while get_origin(hint) in (Annotated, Union, types.UnionType):
        if get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            bounds += [each for part in more for each in (part.metadata if isinstance(part, FieldInfo) else [part])]
        else:
            hint = next(each for each in get_args(hint) if each is not type(None))
    if get_origin(hint) is Literal:
        return ", ".join(f"`{each}`" for each in get_args(hint))
    what = {int: "whole number", float: "number", Path: "path", SecretStr: "secret", bool: "`true`, `false`"}
    kind = "URL" if name.endswith("_url") else what.get(hint, "text")
    if "seconds" in name:
        kind = "seconds"
    said = [_bound(each) for each in bounds if isinstance(each, Ge | Gt | Le | Lt)]
    return " ".join([kind, *([f"({', '.join(said)})"] if said else [])])


def _bound(bound: Ge | Gt | Le | Lt) -> str:
    match bound:
        case Ge():
            return f"at least {bound.ge}"
        case Gt():
            return f"more than {bound.gt}"
        case Le():
            return f"at most {bound.le}"
        case Lt():
            return f"less than {bound.lt}"
