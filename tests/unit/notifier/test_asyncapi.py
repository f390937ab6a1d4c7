"""The committed description of the messages is the one that the code would make now."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from ruamel.yaml import YAML

from amends_domain.event_codec import EVENT_TYPES
from amends_domain.events import Event
from amends_notifier.asyncapi import asyncapi_document, asyncapi_text, payload_model
from amends_notifier.checkpoint_messages import CHECKPOINT_SIGNED, CheckpointPayload
from amends_notifier.dead_letter_contract import DEAD_LETTER
from amends_notifier.descriptions import ABOUT_FIELDS
from amends_notifier.messages import ADDED
from amends_platform.evidence.notes import Signer
from amends_platform.evidence.tree_head import parse
from tests.support.message_contract import SCHEMA, validator
from tests.support.message_contract import messages as contract_messages

COMMITTED = Path(__file__).parents[3] / "asyncapi.yaml"


@cache
def messages() -> list[dict[str, Any]]:
    return list(asyncapi_document()["components"]["messages"].values())


def test_the_committed_copy_is_not_stale() -> None:
    assert COMMITTED.read_text("utf-8") == asyncapi_text(), "run `make docs`"


def test_the_text_is_the_document() -> None:
    assert YAML(typ="safe").load(asyncapi_text()) == asyncapi_document()


def test_the_document_is_valid_asyncapi_3() -> None:
    jsonschema_rs.Draft7Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(asyncapi_document())


def test_the_schema_of_asyncapi_is_as_it_was_published() -> None:
    said, name = (SCHEMA.parent / "SHA256SUMS").read_text("utf-8").split()
    assert (said, name) == (hashlib.sha256(SCHEMA.read_bytes()).hexdigest(), SCHEMA.name)


def test_every_example_is_what_the_document_says_of_its_message() -> None:
    for name, message in contract_messages().values():
        for example in message["examples"]:
            validator(message["payload"]).validate(example["payload"])
        assert message["examples"], name


def test_every_event_type_has_a_message_that_one_channel_carries() -> None:
    document = asyncapi_document()
    carried = [name for channel in document["channels"].values() for name in channel["messages"]]
    assert sorted(carried) == sorted(document["components"]["messages"])
    assert {message["name"] for message in document["components"]["messages"].values()} == {
        *EVENT_TYPES,
        CHECKPOINT_SIGNED,
        DEAD_LETTER,
    }


def test_every_type_is_described_in_words_of_its_own() -> None:
    summaries = [message["summary"] for message in messages()]
    assert all(summaries)
    assert len(set(summaries)) == len(summaries)


def test_every_added_field_is_described_or_says_itself_and_no_other_is() -> None:
    added = {name for names in ADDED.values() for name in names}
    assert {key.rpartition(".")[2] for key in ABOUT_FIELDS} <= added
    types = {event.TYPE: names for event, names in ADDED.items()}
    for key in ABOUT_FIELDS:
        event_type, _, name = key.rpartition(".")
        assert not event_type or name in types[event_type], key


@pytest.mark.parametrize("event", ADDED, ids=lambda event: event.TYPE)
def test_every_type_has_examples_that_are_what_its_schema_describes(event: type[Event]) -> None:
    model = payload_model(event)
    (message,) = [message for message in messages() if message["name"] == event.TYPE]
    assert message["examples"]
    for example in message["examples"]:
        model.model_validate(example["payload"])


def test_the_example_of_a_checkpoint_is_one_that_its_own_text_confirms() -> None:
    (message,) = [message for message in messages() if message["name"] == CHECKPOINT_SIGNED]
    (example,) = message["examples"]
    payload = CheckpointPayload.model_validate(example["payload"])
    head = parse(Signer("amends/default", bytes(32)).verifier.open(payload.note))
    assert (head.origin, head.tree_size) == (payload.origin, payload.tree_size)
    assert head.root_hash == base64.b64decode(payload.root_hash)


def test_each_kind_of_alert_has_a_channel_with_its_own_parameter() -> None:
    addresses = {name: channel["address"] for name, channel in asyncapi_document()["channels"].items()}
    assert addresses == {
        "event": "amends.v1.{tenant}.event.{event_type}",
        "reminder": "amends.v1.{tenant}.reminder.{clock}",
        "breach": "amends.v1.{tenant}.breach.{clock}",
        "escalation": "amends.v1.{tenant}.escalation.{role}",
        "checkpoint": "amends.v1.{tenant}.audit.checkpoint",
        "deadLetter": "amends.dead.v1.{tenant}.{endpoint}",
    }


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
    by_type = {message["name"]: message for message in messages()}
    for event, added in ADDED.items():
        payload = by_type[event.TYPE]["payload"]
        described = payload["allOf"][1]["properties"] if "allOf" in payload else {}
        assert set(described) - {"clock", "due_at"} == set(added), event


def _references(part: Any) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)
