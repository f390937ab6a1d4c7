"""The contract of dead letters, as AsyncAPI describes them beside the messages that they once were."""

from __future__ import annotations

from typing import Any, Final

from amends_notifier.messages import CONTENT_TYPE
from amends_platform.webhooks.dead_letters import ATTEMPTS, ENDPOINT, REASON, SEQUENCE, STREAM, SUBJECT

DEAD_LETTER: Final = "dead-letter"


def dead_letter_channel() -> dict[str, Any]:
    """Where they are."""
    return {
        "address": "amends.dead.v1.{tenant}.{endpoint}",
        "description": f"What an endpoint never took, in the stream `{STREAM}`; there only where webhooks are on.",
        "messages": {"DeadLetter": {"$ref": "#/components/messages/DeadLetter"}},
        "parameters": {
            "tenant": {"description": "Whose complaints these are.", "default": "default"},
            "endpoint": {"description": "The endpoint's name in the file of webhooks.", "examples": ["crm"]},
        },
    }


def dead_letter_message(example: dict[str, Any]) -> dict[str, Any]:
    """What they are. `example`: the payload of any message."""
    return {
        "name": DEAD_LETTER,
        "summary": "A webhook was given up. `amends webhooks replay` sends it once more, and takes it from the stream.",
        "contentType": CONTENT_TYPE,
        "headers": {
            "type": "object",
            "description": "The headers of the message itself, and these.",
            "required": [ENDPOINT, REASON, ATTEMPTS, SUBJECT, SEQUENCE],
            "properties": {
                ENDPOINT: {"type": "string"},
                REASON: {"type": "string", "description": "What came of the last attempt."},
                ATTEMPTS: {"type": "string", "pattern": "^[0-9]+$"},
                SUBJECT: {"type": "string", "description": "The subject of the message."},
                SEQUENCE: {"type": "string", "pattern": "^[0-9]+$", "description": "Where it is in AMENDS."},
            },
        },
        "payload": {"type": "object", "description": "The payload of the message, byte for byte."},
        "examples": [
            {
                "headers": {
                    ENDPOINT: "crm",
                    REASON: "answered 500",
                    ATTEMPTS: "10",
                    SUBJECT: "amends.v1.default.breach.apology",
                    SEQUENCE: "1041",
                },
                "payload": example,
            }
        ],
    }
