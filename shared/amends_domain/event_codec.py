"""How events become JSON and come back: `encode` and `decode`, for every concrete class of `events`."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from amends_domain.events import Event, Json


class UnknownEventType(ValueError):
    """The log holds an event of a type this release does not know."""


def _concrete(cls: type[Event]) -> list[type[Event]]:
    found = [cls] if "TYPE" in cls.__dict__ else []
    return found + [leaf for child in cls.__subclasses__() for leaf in _concrete(child)]


class _Codec(NamedTuple):
    """`structured`: the fields, times and lists, that are not JSON values by themselves."""

    cls: type[Event]
    defaults: dict[str, Any]
    converters: tuple[tuple[str, Callable[[Any], Any]], ...]
    structured: frozenset[str]
    clear: tuple[str, ...]
    personal: tuple[str, ...]


def _converter(annotation: Any) -> Callable[[Any], Any] | None:
    options = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    if datetime in options:
        return datetime.fromisoformat
    if any(typing.get_origin(option) is tuple for option in options):
        return tuple
    return None


def _codec(cls: type[Event]) -> _Codec:
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]  # every concrete event is a dataclass
    hints = typing.get_type_hints(cls)
    converters = {f.name: convert for f in fields if (convert := _converter(hints[f.name])) is not None}
    return _Codec(
        cls,
        {f.name: f.default for f in fields if f.default is not dataclasses.MISSING},
        tuple(converters.items()),
        frozenset(converters),
        tuple(f.name for f in fields if not f.metadata.get("personal")),
        tuple(f.name for f in fields if f.metadata.get("personal")),
    )


_CODECS: dict[str, _Codec] = {cls.TYPE: _codec(cls) for cls in _concrete(Event)}

EVENT_TYPES: frozenset[str] = frozenset(_CODECS)
EVENT_CLASSES: Mapping[str, type[Event]] = {name: codec.cls for name, codec in _CODECS.items()}


def encode(event: Event) -> tuple[dict[str, Json], dict[str, Json]]:
    """The clear data and the personal data of an event, as JSON values. Fields that are None are left out."""
    codec = _CODECS[event.TYPE]
    values = event.__dict__
    return _json(values, codec.clear, codec.structured), _json(values, codec.personal, codec.structured)


def decode(event_type: str, data: Mapping[str, Json]) -> Event:
    """The event that `encode` was given. `data` is the clear data, or clear and personal data merged.

    Raises UnknownEventType. Unknown fields are kept out, so that an older release reads newer data.
    """
    codec = _CODECS.get(event_type)
    if codec is None:
        raise UnknownEventType(event_type)
    # Replay decodes millions of events: filling __dict__ costs a third of calling the frozen class's __init__.
    event = object.__new__(codec.cls)
    values = event.__dict__
    values.update(codec.defaults)
    values.update(data)
    for name, convert in codec.converters:
        value = values.get(name)
        if value is not None:
            values[name] = convert(value)
    return event


def _json(values: Mapping[str, Any], names: tuple[str, ...], structured: frozenset[str]) -> dict[str, Json]:
    return {
        name: _plain(value) if name in structured else value for name in names if (value := values[name]) is not None
    }


def _plain(value: Any) -> Json:
    return value.isoformat() if isinstance(value, datetime) else list(value)
