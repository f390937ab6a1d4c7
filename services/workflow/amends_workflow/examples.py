"""A good answer by the operation that gives it, for the OpenAPI document: as a small desk once gave them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def successes() -> Mapping[str, Any]:
    """By operation id. Of lists there is one item."""
    read: dict[str, Any] = json.loads((Path(__file__).parent / "examples.json").read_text(encoding="utf-8"))
    return read
