"""A pack as JSON bytes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from amends_domain.measures.pack import Pack


def as_json(pack: Pack) -> bytes:
    """The same bytes for the same pack. A number has the digits that were rounded to, and no others."""
    return orjson.dumps(pack, default=_plain)


def _plain(value: Any) -> float | str:
    if isinstance(value, Decimal):
        # The shortest decimal that reads back as this float is the one that it was made from.
        return float(value)
    if isinstance(value, UUID):
        # orjson knows UUID, but not asyncpg's own kind of it.
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
