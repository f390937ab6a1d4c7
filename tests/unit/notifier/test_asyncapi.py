"""The committed description of the messages is the one that the code would make now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from amends_domain.event_codec import EVENT_TYPES
from amends_notifier.asyncapi import asyncapi_document, asyncapi_text
from amends_notifier.messages import ADDED

COMMITTED = Path(__file__).parents[3] / "asyncapi.yaml"


def test_the_committed_copy_is_not_stale() -> None:
    assert COMMITTED.read_text("utf-8") == asyncapi_text(), "run `make docs`"


def test_the_text_is_the_document() -> None:
    assert YAML(typ="safe").load(asyncapi_text()) == asyncapi_document()


def test_every_event_type_has_a_message_that_one_channel_carries() -> None:
    document = asyncapi_document()
    carried = [name for channel in document["channels"].values() for name in channel["messages"]]
    assert sorted(carried) == sorted(document["components"]["messages"])
    assert {message["name"] for message in document["components"]["messages"].values()} == EVENT_TYPES


def test_every_reference_leads_somewhere() -> None:
    document = asyncapi_document()
    references = list(_references(document))
    assert references
    for reference in references:
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_every_parameter_of_an_address_is_described() -> None:
    for channel in asyncapi_document()["channels"].values():
        assert {"{" + name + "}" for name in channel["parameters"]} == {
            token for token in channel["address"].split(".") if token.startswith("{")
        }


def test_a_message_is_described_with_every_field_that_its_event_adds() -> None:
    messages = {message["name"]: message for message in asyncapi_document()["components"]["messages"].values()}
    for event, added in ADDED.items():
        payload = messages[event.TYPE]["payload"]
        described = payload["allOf"][1]["properties"] if "allOf" in payload else {}
        assert set(described) - {"clock", "due_at"} == set(added)


def _references(part: Any) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)
