"""The rules of OCEL 2.0 in JSON, as its specification has them, held against a document; and what r4pm makes of one.

Source: OCEL (Object-Centric Event Log) Specification 2.0: definition 2 (what a log is) and section 6 (JSON).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import r4pm

_TYPES: dict[str, type] = {"string": str, "integer": int, "float": float, "boolean": bool, "time": str}


def mistakes(document: dict[str, Any]) -> Iterator[str]:
    """What about the document is against the rules, a sentence each."""
    if set(document) != {"objectTypes", "eventTypes", "events", "objects"}:
        yield f"it has the members {sorted(document)}"
    declared = {}
    for kind, things in (("eventTypes", "events"), ("objectTypes", "objects")):
        names = [each["name"] for each in document[kind]]
        yield from (f"{kind}: {name} is declared twice" for name in {n for n in names if names.count(n) > 1})
        declared[things] = {
            each["name"]: {attribute["name"]: attribute["type"] for attribute in each["attributes"]}
            for each in document[kind]
        }
        for each in document[kind]:
            if len(declared[things][each["name"]]) != len(each["attributes"]):
                yield f"{each['name']}: an attribute is declared twice"
            yield from (f"{each['name']}: type {a['type']}" for a in each["attributes"] if a["type"] not in _TYPES)
    ids = [each["id"] for things in ("events", "objects") for each in document[things]]
    if len(ids) != len(set(ids)):
        yield "an id is not unique"
    objects = {each["id"] for each in document["objects"]}
    for things, timed in (("events", False), ("objects", True)):
        for each in document[things]:
            yield from _mistakes_of(each, declared[things], objects, timed=timed)


def _mistakes_of(
    each: dict[str, Any], declared: dict[str, dict[str, str]], objects: set[str], *, timed: bool
) -> Iterator[str]:
    if each["type"] not in declared:
        yield f"{each['id']}: type {each['type']} is not declared"
        return
    attributes = declared[each["type"]]
    times = [attribute["time"] for attribute in each["attributes"]] if timed else [each["time"]]
    yield from (f"{each['id']}: time {time}" for time in times if not _is_time(time))
    for attribute in each["attributes"]:
        type_ = attributes.get(attribute["name"])
        value = attribute["value"]
        if type_ is None:
            yield f"{each['id']}: {attribute['name']} is not declared"
        elif type(value) is not _TYPES[type_] or (type_ == "time" and not _is_time(value)):
            yield f"{each['id']}: {attribute['name']} is {value!r}, which is no {type_}"
    names = [(attribute["name"], attribute.get("time")) for attribute in each["attributes"]]
    if len(names) != len(set(names)):
        yield f"{each['id']}: an attribute has two values at once"
    related = [(relation["objectId"], relation["qualifier"]) for relation in each["relationships"]]
    if len(related) != len(set(related)):
        yield f"{each['id']}: a relation is told twice"
    yield from (f"{each['id']}: there is no object {other}" for other, _ in related if other not in objects)


def _is_time(text: Any) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except (TypeError, ValueError):
        return False


class ByR4pm:
    """An OCEL file as r4pm reads it."""

    def __init__(self, path: Path) -> None:
        self._log = r4pm.import_item("OCEL", str(path))
        self._linked = r4pm.convert_item(self._log, "SlimLinkedOCEL")

    def ask(self, binding: str, **arguments: Any) -> Any:
        """What a function of r4pm's answers about the log."""
        return json.loads(r4pm.call_binding(f"process_mining::bindings::{binding}", json.dumps(arguments)))

    def _index_of(self, object_id: str) -> Any:
        return self.ask("slim_ocel_bindings::locel_get_ob_by_id", ocel=self._linked, ob_id=object_id)

    @property
    def events(self) -> int:
        return int(self.ask("num_events", ocel=self._log))

    @property
    def objects(self) -> int:
        return int(self.ask("num_objects", ocel=self._log))

    def objects_of_type(self, type_: str) -> set[str]:
        return set(self.ask("slim_ocel_bindings::get_object_ids_of_type", ocel=self._linked, ob_type=type_))

    def activities_of(self, object_id: str) -> list[str]:
        """The types of the events that an object took part in, by their times."""
        index = self._index_of(object_id)
        found: list[str] = self.ask("slim_ocel_bindings::get_obj_activity_trace", ocel=self._linked, ob=index)
        return found

    def changes_of(self, object_id: str, attribute: str) -> list[Any]:
        """Every value that an attribute of an object had, first to last."""
        binding, index = "slim_ocel_bindings::locel_get_ob_attr_vals", self._index_of(object_id)
        return [value for _, value in self.ask(binding, ocel=self._linked, ob=index, attr_name=attribute)]
