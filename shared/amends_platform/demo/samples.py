"""The sample complaints: inside the package where it was installed, in the repository where it was not."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from amends_platform.failures import Failure

_NAME = "complaints.ndjson"


def sample_complaints() -> dict[str, dict[str, Any]]:
    """Bodies for `POST /v1/complaints`, by external_ref, in the order of the file. Raises Failure."""
    packaged = files("amends_platform") / "samples" / _NAME
    in_repository = Path(__file__).parents[3] / "samples" / _NAME
    for place in (packaged, in_repository):
        if place.is_file():
            bodies = [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines() if line.strip()]
            return {body["external_ref"]: body for body in bodies}
    raise Failure(f"There are no sample complaints: neither {packaged} nor {in_repository} exists.")
