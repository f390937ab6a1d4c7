"""Holding messages to asyncapi.yaml: their subject, their headers and their payload."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
SCHEMA = Path(__file__).parent / "vendor" / "asyncapi-3.0.0.json"
"""The JSON schema of AsyncAPI documents."""


@cache
def document() -> dict[str, Any]:
    """The committed document."""
    read: dict[str, Any] = YAML(typ="safe").load((ROOT / "asyncapi.yaml").read_text("utf-8"))
    return read


def hold_to_contract(subject: str, headers: dict[str, str], payload: bytes) -> None:
    """Fail where a message is not what the document says of its type, or comes on another subject."""
    key, message = messages()[headers["ce-type"]]
    validator(message["headers"]).validate(headers)
    validator(message["payload"]).validate(json.loads(payload))
    carrying = [channel for channel in document()["channels"].values() if key in channel["messages"]]
    addresses = [re.sub(r"\\\{\w+\\\}", "[^.]+", re.escape(channel["address"])) for channel in carrying]
    assert any(re.fullmatch(address, subject) for address in addresses), f"{subject}: {addresses}"


@cache
def messages() -> dict[str, tuple[str, dict[str, Any]]]:
    """Every message by its type, with what the components call it."""
    return {message["name"]: (key, message) for key, message in document()["components"]["messages"].items()}


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """For a schema of the document."""
    return Draft202012Validator({**schema, "components": document()["components"]})
