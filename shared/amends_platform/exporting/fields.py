"""What the events are made of, as other programs want to know it: each field with its kind, taken from the classes."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

import orjson

from amends_domain.event_codec import EVENT_CLASSES, UnknownEventType


class Kind(Enum):
    """What values a field has. A list is told as one text, its values with commas between them."""

    TEXT = "text"
    WHOLE = "whole"
    TRUTH = "truth"
    TIME = "time"
    LIST = "list"
    OBJECT = "object"


@cache
def kinds_of(event_type: str, *, personal: bool) -> Mapping[str, Kind]:
    """The fields of events of this type; those that the log seals only if asked for. Raises UnknownEventType."""
    cls = EVENT_CLASSES.get(event_type)
    if cls is None:
        raise UnknownEventType(event_type)
    hints = typing.get_type_hints(cls)
    return {
        field.name: _kind(hints[field.name])
        for field in dataclasses.fields(cls)  # type: ignore[arg-type]  # every event is a dataclass
        if personal or not field.metadata.get("personal")
    }


def plain(values: Mapping[str, Any], kinds: Mapping[str, Kind]) -> dict[str, str | int | bool]:
    """Of these values those that say something, as every tool takes them: a text, a number or a truth."""
    return {
        name: _plain(value, kind) for name, kind in kinds.items() if (value := values.get(name)) not in (None, (), [])
    }


def _plain(value: Any, kind: Kind) -> str | int | bool:
    match kind:
        case Kind.LIST:
            return ", ".join(map(str, value))
        case Kind.OBJECT:
            return orjson.dumps(value).decode()
        case _:
            plain: str | int | bool = value
            return plain


def _kind(hint: Any) -> Kind:
    options = set(typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)) - {type(None)}
    (option,) = options
    if option in _KINDS:
        return _KINDS[option]
    return Kind.LIST if typing.get_origin(option) is tuple else Kind.OBJECT


_KINDS: Mapping[Any, Kind] = {str: Kind.TEXT, int: Kind.WHOLE, bool: Kind.TRUTH, datetime: Kind.TIME}
