"""The complaint that everything here is measured with: the first of samples/, 700 characters of it free text."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_SAMPLES = Path(__file__).parents[2] / "samples" / "complaints.ndjson"


@cache
def sample() -> dict[str, Any]:
    """The body of `POST /v1/complaints`, without the `external_ref` that would make each the same case."""
    with _SAMPLES.open() as lines:
        body: dict[str, Any] = json.loads(next(lines))
    del body["external_ref"]
    return body
