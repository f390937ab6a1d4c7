"""What a problem says, without the framework that answers with it. Source: RFC 9457."""

from __future__ import annotations

from typing import Any, Final

import orjson

from amends_platform.ids import uuid7

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 2
"""What a client should wait when the store is out of reach: about as long as a restart takes."""


def problem_type(code: str) -> str:
    """The stable URI of a kind of problem."""
    return f"urn:amends:problem:{code}"


def new_instance() -> str:
    """A name for one occurrence of a problem."""
    return f"urn:uuid:{uuid7()}"


def title_of(code: str) -> str:
    """What a kind of problem is called."""
    return code.replace("-", " ").capitalize()


def details(status: int, code: str, detail: str, instance: str, **members: Any) -> bytes:
    """The body of the answer. `members` extend it."""
    return orjson.dumps(
        {
            "type": problem_type(code),
            "title": title_of(code),
            "status": status,
            "detail": detail,
            "instance": instance,
            **members,
        }
    )
