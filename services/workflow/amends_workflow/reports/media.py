"""In which formats a report can be had, and which of them is asked for."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Format(StrEnum):
    """What a report can be."""

    JSON = "json"
    HTML = "html"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


MEDIA_TYPES: Final = {
    Format.JSON: "application/json",
    Format.HTML: "text/html; charset=utf-8",
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PDF: "application/pdf",
}


def format_of(wanted: Format | None, accept: str | None) -> Format:
    """What is asked for by name, else by an Accept header; JSON where neither says. Never fails."""
    if wanted is not None:
        return wanted
    best, liking = Format.JSON, 0.0
    for part in (accept or "")[:1_000].split(","):
        name, _, parameters = part.partition(";")
        weight = _weight(parameters)
        for format_, media_type in MEDIA_TYPES.items():
            if name.strip().lower() == media_type.partition(";")[0] and weight > liking:
                best, liking = format_, weight
    return best


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
