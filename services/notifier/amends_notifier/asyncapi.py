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
from amends_domain.events import Event
from amends_notifier.messages import ADDED, ALERTS, CONTENT_TYPE
from amends_notifier.stream import DUPLICATE_WINDOW_SECONDS, STREAM, SUBJECTS

_DESCRIPTION: Final = f"""\
Every event of every complaint as one message on one subject: JSON, CloudEvents 1.0 in binary mode, kept in the
JetStream stream `{STREAM}`. No subject, header or payload holds personal data.

Delivery is at least once, in version order within a case; the order between cases is not kept. A consumer tells
a repeat by `ce-id`, which is the event's id and also the `Nats-Msg-Id`, so the server itself drops repeats within
{DUPLICATE_WINDOW_SECONDS // 60} minutes. The log in the database is the truth: `amends notifier --republish FROM`
publishes again from a position, with the same ids, for a stream that was lost. Where the stream was not lost, the
server drops what it still remembers, and sends the rest to consumers once more.

Whoever wants everything subscribes to `amends.v1.{{tenant}}.>`.
"""

_ABOUT_ADDED: Final = {
    "at": "when the customer agreed to be called back",
    "extension": "whether this moved a running clock to a later time",
    "fell_due_at": "when the warning fell due",
    "generation": "which run of this clock on this case, from 1",
    "late_by_ms": "how long after that the log took it, in milliseconds",
    "step": "which of the clock's warnings, from 0",
    "warning": "the warning as the policy writes it",
}


class Payload(BaseModel):
    """What every message says. The state is the one this event led to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case_id: UUID
    reference: str = Field(description="the case's short name, with a check character, to be read over the phone")
    branch: str
    owner: str = Field(description="the staff id of the one person answerable for the case")
    grade: str = Field(description="ordinary, major or escalated")
    state: Status
    clock: str | None = Field(description="the clock of a reminder or a breach, null in other messages")
    due_at: datetime | None = Field(description="when that clock is or was due, null in other messages")
    position: int = Field(ge=1, description="where in the log the event stands")
    version: int = Field(ge=1, description="which event of its case it is")
    occurred_at: datetime


def payload_model(event: type[Event]) -> type[Payload]:
    """The payload of messages of one event type, as a model that refuses anything else."""
    hints = typing.get_type_hints(event)
    fields: dict[str, Any] = {name: (hints[name], Field(description=_ABOUT_ADDED.get(name))) for name in ADDED[event]}
    if event in ALERTS:
        fields |= {"clock": (str, Field()), "due_at": (datetime, Field())}
    model: type[Payload] = create_model(_camel(event.TYPE) + "Payload", __base__=Payload, **fields)
    return model


def asyncapi_document() -> dict[str, Any]:
    """The AsyncAPI 3 document, as JSON values."""
    from importlib.metadata import version

    others = [event for event in ADDED if event not in ALERTS]
    clock = {"description": "The clock's name in the policy.", "examples": ["apology"]}
    event_type = {"description": "As `ce-type`.", "enum": [event.TYPE for event in others]}
    channels = {
        "event": _channel(
            "event.{event_type}", "Every event but reminders and breaches.", others, event_type=event_type
        ),
        **{
            kind: _channel(f"{kind}.{{clock}}", (event.__doc__ or "").split("\n")[0], [event], clock=clock)
            for event, kind in ALERTS.items()
        },
    }
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
            f"publish{kind.capitalize()}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{kind}"},
                "summary": f"Tell of {'a' if kind in ALERTS.values() else 'an'} {kind}.",
            }
            for kind in channels
        },
        "components": {
            "messages": {_camel(event.TYPE): _message(event) for event in ADDED},
            "schemas": {"Headers": _headers(), **_common_schemas()},
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


def _channel(address: str, description: str, events: list[type[Event]], **parameters: dict[str, Any]) -> dict[str, Any]:
    names = [_camel(event.TYPE) for event in events]
    tenant = {"description": "Whose complaints these are.", "default": "default"}
    return {
        "address": "amends.v1.{tenant}." + address,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "parameters": {"tenant": tenant, **parameters},
    }


def _message(event: type[Event]) -> dict[str, Any]:
    schema = _schema(payload_model(event))
    common = _schema(Payload)["properties"]
    added = {name: field for name, field in schema["properties"].items() if common.get(name) != field}
    payload: dict[str, Any] = {"$ref": "#/components/schemas/Payload"}
    if added:
        payload = {"allOf": [payload, {"type": "object", "required": list(added), "properties": added}]}
    return {
        "name": event.TYPE,
        "contentType": CONTENT_TYPE,
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": payload,
    }


def _common_schemas() -> dict[str, Any]:
    schema = _schema(Payload)
    # A consumer of an older release must not stumble over a field that a newer one adds.
    del schema["additionalProperties"]
    return {**schema.pop("$defs"), "Payload": schema}


def _schema(model: type[Payload]) -> dict[str, Any]:
    return model.model_json_schema(schema_generator=_Plain, ref_template="#/components/schemas/{model}")


def _headers() -> dict[str, Any]:
    text = {"type": "string"}
    uuid = {"type": "string", "format": "uuid"}
    properties: dict[str, Any] = {
        "ce-specversion": {"const": "1.0"},
        "ce-id": uuid | {"description": "The event's id. The same in every repeat of this message."},
        "ce-source": text | {"description": "/amends/{tenant}"},
        "ce-type": text | {"enum": [event.TYPE for event in ADDED]},
        "ce-subject": uuid | {"description": "The case's id."},
        "ce-time": {"type": "string", "format": "date-time", "description": "When it happened, as claimed."},
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
