"""What a service refuses, as an exception."""

from __future__ import annotations

import json
from typing import Any

import httpx

# Longer than any service of ours asks for: a proxy in between may.
_RETRY_AFTER_SECONDS_MAX = 60.0


class Problem(Exception):
    """An answer that is no success. Source: RFC 9457.

    `code` is the last part of its `type` and stable, such as "illegal-state" (docs/problems.md); empty where whatever
    answered is no service of ours. `members` are the whole body: `allowed`, `state`, `errors` and so on. `retry_after`
    is in seconds, None where the answer does not say when to come again.
    """

    def __init__(self, status: int, body: bytes, headers: httpx.Headers) -> None:
        self.status = status
        self.body = body
        self.members = _object(body)
        self.type = str(self.members.get("type", "about:blank"))
        self.code = self.type.rpartition(":")[2] if self.type.startswith("urn:amends:problem:") else ""
        self.title = str(self.members.get("title", ""))
        self.detail = str(self.members.get("detail", ""))
        self.instance = str(self.members.get("instance", ""))
        said = headers.get("retry-after", "")
        self.retry_after = min(float(said), _RETRY_AFTER_SECONDS_MAX) if said.isdecimal() else None
        super().__init__(f"{status} {self.code}: {self.detail or self.title or 'the answer does not say why'}")

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in (408, 429, 502, 503, 504)


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
