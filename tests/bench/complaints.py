"""The complaint that everything here is measured with: the first of samples/, 700 characters of it free text."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

_SAMPLES = Path(__file__).parents[2] / "samples" / "complaints.ndjson"
# What a receipt keeps of the answer: as large as for a complaint with three clocks. The same wherever receipts are
# written: shorter ones would each find room on an old page, and bring that whole page into the write-ahead log.
KEPT_ANSWER: Final = (
    b'{"state":"received","deadlines":[' + b",".join([b'{"kind":"k","due_at":"","status":"pending"}'] * 3) + b"]}"
)


@cache
def sample() -> dict[str, Any]:
    """The body of `POST /v1/complaints`, without the `external_ref` that would make each the same case."""
    with _SAMPLES.open() as lines:
        body: dict[str, Any] = json.loads(next(lines))
    del body["external_ref"]
    return body
