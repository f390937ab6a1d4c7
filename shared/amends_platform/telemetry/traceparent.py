"""The header that says of which trace a request or message is. Source: W3C Trace Context."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def trace_in(header: str | None) -> UUID | None:
    """The trace that a traceparent header names; None when it names none."""
    found = None if header is None else TRACEPARENT.fullmatch(header)
    return UUID(hex=found[1]) if found is not None and int(found[1], 16) else None
