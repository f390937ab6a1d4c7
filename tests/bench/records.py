"""What was measured when and on what, kept beside the page that is made of it: each benchmark's last full run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from tests.bench.measuring import Outcome


@dataclass(frozen=True)
class Record:
    """A full run of one benchmark. `machine` says in words on what, by name."""

    measured_at: datetime
    machine: Mapping[str, str]
    outcome: Outcome


_RECORDS = TypeAdapter(dict[str, Record])


def read_records(file: Path) -> dict[str, Record]:
    """By the benchmark's name; none where nothing has been kept yet."""
    return _RECORDS.validate_json(file.read_bytes()) if file.exists() else {}


def keep_records(file: Path, records: Mapping[str, Record]) -> None:
    """Put these in the place of all that was kept."""
    told = _RECORDS.dump_python(dict(records), mode="json")
    file.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
