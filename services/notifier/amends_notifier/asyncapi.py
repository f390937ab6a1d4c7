"""The contract of the messages as an AsyncAPI document, made from the same tables that the messages are made from.

`python -m amends_notifier.asyncapi` prints it; the copy at the root of the repository is compared by a test.
"""

from __future__ import annotations

import io
import sys
import typing
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.json_schema import GenerateJsonSchema
from ruamel.yaml import YAML

from amends_domain.case import Status
from amends_domain.events import DeadlineBreached, Event
from amends_notifier.checkpoint_messages import CHECKPOINT_SIGNED, CheckpointPayload
from amends_notifier.dead_letter_contract import DEAD_LETTER, dead_letter_channel, dead_letter_message
from amends_notifier.descriptions import ABOUT, ABOUT_FIELDS
from amends_notifier.examples import checkpoint_example, examples
from amends_notifier.messages import ADDED, ALERTS, CONTENT_TYPE, NAMES_STAFF
from amends_notifier.stream import DUPLICATE_WINDOW_SECONDS, STREAM, SUBJECTS

_DESCRIPTION: Final = f"""\
Every event of every complaint as one message on one subject: JSON, CloudEvents 1.0 in binary mode, kept in the
JetStream stream `{STREAM}`. No subject, header or payload holds personal data.

Delivery is at least once, in version order within a case; the order between cases is not kept. A consumer tells
a repeat by `ce-id`, which is the event's id and also the `Nats-Msg-Id`, so the server itself drops repeats within
{DUPLICATE_WINDOW_SECONDS // 60} minutes. The log in the database is the truth: `amends notifier --republish FROM`
publishes again from a position, with the same ids, for a stream that was lost. Where the stream was not lost, the
server drops what it still remembers, and sends the rest to consumers once more.

A signed checkpoint of the log is a message too, of no case, told by the log's size and root: `ce-id` is made from
these, so a repeat has the same.

Whoever wants everything subscribes to `amends.v1.{{tenant}}.>`.
"""

# What stands in the place of the name in an alert's subject.
_CLOCK: Final = {"description": "The clock's name in the policy.", "examples": ["apology"]}
_ROLE: Final = {"description": "The role that is told, as the policy names it.", "examples": ["department_manager"]}
_SAID: Final = {"deadLetter": "webhook that was given up"}
_PARAMETERS: Final = {"clock": ("clock", _CLOCK), "to": ("role", _ROLE)}


class Payload(BaseModel):
    """What every message says. The state is the one this event led to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case_id: UUID
    reference: str = Field(description="the case's short name, with a check character, to be read over the phone")
    branch: str = Field(description="* for an incident that is no single branch's")
    owner: str = Field(description="the staff id of the one person answerable for the case")
    grade: str = Field(description="ordinary, major or escalated")
    state: Status
    clock: str | None = Field(description="the clock that a message is about, null in those about none")
    due_at: datetime | None = Field(
        description="when that clock is or was due, or what was promised or planned; null in other messages"
    )
    position: int = Field(ge=1, description="where in the log the event stands")
    version: int = Field(ge=1, description="which event of its case it is")
    occurred_at: datetime


def payload_model(event: type[Event]) -> type[Payload]:
    """The payload of messages of one event type, as a model that refuses anything else."""
    hints = typing.get_type_hints(event)
    fields: dict[str, Any] = {}
    for name in ADDED[event]:
        about = ABOUT_FIELDS.get(f"{event.TYPE}.{name}", ABOUT_FIELDS.get(name))
        fields[name] = (hints[name] | None if name in NAMES_STAFF else hints[name], Field(description=about))
    for name in ("clock", "due_at"):
        if name in hints and type(None) not in typing.get_args(hints[name]):
            fields[name] = (hints[name], Field())
    model: type[Payload] = create_model(_camel(event.TYPE) + "Payload", __base__=Payload, **fields)
    return model


def asyncapi_document() -> dict[str, Any]:
    """The AsyncAPI 3 document, as JSON values."""
    from importlib.metadata import version

    others = [event.TYPE for event in ADDED if event not in ALERTS]
    event_type = {"description": "As `ce-type`.", "enum": others}
    channels = {
        "event": _channel(
            "event.{event_type}", "Every event that has no channel of its own.", others, event_type=event_type
        ),
        **{
            alert.kind: _channel(f"{alert.kind}.{{{parameter}}}", ABOUT[event], [event.TYPE], **{parameter: described})
            for event, alert in ALERTS.items()
            for parameter, described in (_PARAMETERS[alert.name],)
        },
        "checkpoint": _channel(
            "audit.checkpoint", "Every signed checkpoint of the log, in the order of their sizes.", [CHECKPOINT_SIGNED]
        ),
        "deadLetter": dead_letter_channel(),
    }
    told = examples()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Amends: what is published to NATS",
            "version": version("amends"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "broker": {
                "host": "127.0.0.1:4222",
                "protocol": "nats",
                "description": f"NATS with JetStream; the stream {STREAM} keeps {', '.join(SUBJECTS)}.",
            }
        },
        "channels": channels,
        "operations": {
            f"publish{kind[0].upper()}{kind[1:]}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{kind}"},
                "summary": f"Tell of {'an' if kind[0] in 'aeiou' else 'a'} {_SAID.get(kind, kind)}.",
            }
            for kind in channels
        },
        "components": {
            "messages": {
                **{_camel(event.TYPE): _message(event, told[event]) for event in ADDED},
                _camel(CHECKPOINT_SIGNED): _checkpoint_message(),
                _camel(DEAD_LETTER): dead_letter_message(told[DeadlineBreached][0]),
            },
            "schemas": {
                "Headers": _headers(
                    {"enum": [event.TYPE for event in ADDED]},
                    {"format": "uuid", "description": "The case's id."},
                    "When it happened, as claimed.",
                ),
                "CheckpointHeaders": _headers(
                    {"const": CHECKPOINT_SIGNED}, {"description": "The log's name."}, "When it was signed."
                ),
                **_common_schemas(),
            },
        },
    }


def asyncapi_text() -> str:
    """The document as YAML, the same text for the same tables."""
    yaml = YAML()
    yaml.width = 110
    yaml.representer.ignore_aliases = lambda _data: True
    yaml.representer.add_representer(str, _represent_text)
    text = io.StringIO()
    text.write("# Generated from the tables in amends_notifier by `make docs`.\n")
    yaml.dump(asyncapi_document(), text)
    return text.getvalue()


def _channel(address: str, description: str, types: list[str], **parameters: dict[str, Any]) -> dict[str, Any]:
    names = [_camel(event_type) for event_type in types]
    tenant = {"description": "Whose complaints these are.", "default": "default"}
    return {
        "address": "amends.v1.{tenant}." + address,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "parameters": {"tenant": tenant, **parameters},
    }


def _message(event: type[Event], payloads: list[dict[str, Any]]) -> dict[str, Any]:
    schema = _schema(payload_model(event))
    common = _schema(Payload)["properties"]
    added = {name: field for name, field in schema["properties"].items() if common.get(name) != field}
    payload: dict[str, Any] = {"$ref": "#/components/schemas/Payload"}
    if added:
        payload = {"allOf": [payload, {"type": "object", "required": list(added), "properties": added}]}
    return {
        "name": event.TYPE,
        "summary": ABOUT[event],
        "contentType": CONTENT_TYPE,
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": payload,
        "examples": [{"payload": payload} for payload in payloads],
    }


def _checkpoint_message() -> dict[str, Any]:
    return {
        "name": CHECKPOINT_SIGNED,
        "summary": "The log was signed as it was. Whoever keeps this can prove it if the log is ever changed.",
        "contentType": CONTENT_TYPE,
        "headers": {"$ref": "#/components/schemas/CheckpointHeaders"},
        "payload": {"$ref": "#/components/schemas/CheckpointPayload"},
        "examples": [{"payload": checkpoint_example()}],
    }


def _common_schemas() -> dict[str, Any]:
    schema, checkpoint = _schema(Payload), _schema(CheckpointPayload)
    for each in (schema, checkpoint):
        # A consumer of an older release must not stumble over a field that a newer one adds.
        del each["additionalProperties"]
    return {**schema.pop("$defs"), "Payload": schema, "CheckpointPayload": checkpoint}


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(schema_generator=_Plain, ref_template="#/components/schemas/{model}")


def _headers(event_type: dict[str, Any], subject: dict[str, Any], time: str) -> dict[str, Any]:
    text = {"type": "string"}
    uuid = {"type": "string", "format": "uuid"}
    properties: dict[str, Any] = {
        "ce-specversion": {"const": "1.0"},
        "ce-id": uuid | {"description": "The same in every repeat of this message; of an event, its id."},
        "ce-source": text | {"description": "/amends/{tenant}"},
        "ce-type": text | event_type,
        "ce-subject": text | subject,
        "ce-time": {"type": "string", "format": "date-time", "description": time},
        "ce-datacontenttype": {"const": CONTENT_TYPE},
        "content-type": {"const": CONTENT_TYPE},
        "Nats-Msg-Id": uuid | {"description": "As `ce-id`."},
        "traceparent": {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


class _Plain(GenerateJsonSchema):
    """Schemas without titles: they only repeat the names."""

    def generate(self, schema: Any, mode: Any = "validation") -> Any:
        return _without_titles(super().generate(schema, mode))


def _without_titles(schema: Any) -> Any:
    if isinstance(schema, dict):
        kept = {name: value for name, value in schema.items() if name != "title" or isinstance(value, dict)}
        return {name: _without_titles(value) for name, value in kept.items()}
    return [_without_titles(value) for value in schema] if isinstance(schema, list) else schema


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def _represent_text(representer: Any, text: str) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


if __name__ == "__main__":
    sys.stdout.write(asyncapi_text())
