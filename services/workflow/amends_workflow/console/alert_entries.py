"""What the page of alerts shows: which were asked for, and each in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import orjson
from pydantic import ValidationError
from starlette.datastructures import QueryParams

from amends_platform.http.problems import Problem
from amends_platform.words import Words
from amends_store.read import Executor
from amends_workflow.parameters import AlertListParameters
from amends_workflow.statements import statement

PAGE_ALERTS: Final = 50
# What stands in the address, and what it asks for. At first: what nobody has seen.
SEEN: Final[Mapping[str, bool | None]] = {"no": False, "yes": True, "any": None}
SINCE: Final = ("today", "7d")
_KEYS: Final = ("seen", "kind", "clock", "branch", "since")
_EVENTS_AT: Final = statement("events_at")


class AlertFilters(NamedTuple):
    """What was chosen, as it stands in the address: a key that nobody chose is not there."""

    chosen: Mapping[str, str]
    cursor: str | None

    def get(self, key: str) -> str:
        return self.chosen.get(key, "")

    @property
    def seen(self) -> str:
        return self.get("seen") or "no"

    def path(self, **changed: str) -> str:
        """The page with these changed; an empty one is left out."""
        chosen = {key: value for key, value in {**self.chosen, **changed}.items() if value}
        return "/alerts?" + urlencode(chosen) if chosen else "/alerts"


class AlertEntry(NamedTuple):
    """An alert with its row, in a sentence."""

    row: Any
    sentence: str


def alert_filters(query: QueryParams) -> AlertFilters:
    """What was chosen. Fields that a form sends empty were not."""
    chosen = {key: query.get(key, "").strip() for key in _KEYS}
    return AlertFilters({key: value for key, value in chosen.items() if value}, query.get("cursor") or None)


def wanted_alerts(filters: AlertFilters, now: datetime, zone: tzinfo) -> AlertListParameters:
    """The question that the filters ask. Raises a 422 problem."""
    asked: dict[str, Any] = {"limit": PAGE_ALERTS, "cursor": filters.cursor, "acknowledged": SEEN.get(filters.seen)}
    for key in ("kind", "clock", "branch"):
        if filters.get(key):
            asked[key] = [filters.get(key)]
    match filters.get("since"):
        case "today":
            asked["since"] = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        case "7d":
            asked["since"] = now - timedelta(days=7)
    try:
        return AlertListParameters.model_validate(asked)
    except ValidationError:
        raise Problem(422, "invalid-parameters", "No alert can be found by this.") from None


async def alert_entries(conn: Executor, rows: Sequence[Any], words: Words, zone: tzinfo) -> list[AlertEntry]:
    """The rows, each with what its event says."""
    events = {row["position"]: row for row in await conn.fetch(_EVENTS_AT, [row["position"] for row in rows])}
    return [AlertEntry(row, _sentence(events[row["position"]], words, zone)) for row in rows]


def _sentence(row: Any, words: Words, zone: tzinfo) -> str:
    event = {
        "type": row["type"],
        "data": orjson.loads(row["data"]),
        "occurred_at": row["occurred_at"].isoformat(),
        "recorded_at": row["recorded_at"].isoformat(),
    }
    return words.sentence(event, lambda text: words.instant(text, zone))
