"""What the queue's address asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from pydantic import ValidationError
from starlette.datastructures import QueryParams

from amends_platform.http.problems import Problem
from amends_workflow.parameters import CaseListParameters

MINE: Final = "me"
EVERY_STATE: Final = "all"
# What is due before now, and still is to be met, is late.
WITHIN: Final[Mapping[str, timedelta]] = {
    "late": timedelta(0),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
    "3d": timedelta(days=3),
    "7d": timedelta(days=7),
}
ORDERS: Final = ("due", "-received", "received", "-updated", "updated")
PAGE_CASES: Final = 50
_KEYS: Final = ("q", "state", "owner", "branch", "grade", "kind", "type", "flag", "breached", "within", "sort")


class Filters(NamedTuple):
    """What was chosen, as it stands in the address: a key that nobody chose is not there."""

    chosen: Mapping[str, str]
    cursor: str | None

    def get(self, key: str) -> str:
        return self.chosen.get(key, "")

    @property
    def narrowing(self) -> int:
        """How many of them leave something out."""
        return len([key for key in self.chosen if key != "sort"])

    def path(self, **changed: str) -> str:
        """The queue with these changed; an empty one is left out."""
        chosen = {key: value for key, value in {**self.chosen, **changed}.items() if value}
        return "/?" + urlencode(chosen) if chosen else "/"


def filters_of(query: QueryParams) -> Filters:
    """What was chosen. Fields that a form sends empty were not, nor is a length of time that nobody offers."""
    chosen = {key: query.get(key, "").strip() for key in _KEYS}
    if chosen["within"] not in WITHIN:
        del chosen["within"]
    return Filters({key: value for key, value in chosen.items() if value}, query.get("cursor") or None)


def wanted_of(filters: Filters, person: str, now: datetime) -> CaseListParameters:
    """The question that the filters ask, for this person. Raises a 422 problem."""
    asked: dict[str, Any] = {"limit": PAGE_CASES, "cursor": filters.cursor}
    for key in ("branch", "grade", "kind", "type", "flag"):
        if filters.get(key):
            asked[key] = [filters.get(key)]
    if filters.get("owner"):
        asked["owner"] = [person if filters.get("owner") == MINE else filters.get("owner")]
    # Who searches means closed cases too.
    state = filters.get("state") or (EVERY_STATE if filters.get("q") else "open")
    if state != EVERY_STATE:
        asked["state"] = [state]
    if filters.get("breached"):
        asked["breached"] = filters.get("breached")
    if filters.get("within") in WITHIN:
        asked["due_before"] = now + WITHIN[filters.get("within")]
    asked |= {key: filters.get(key) for key in ("q", "sort") if filters.get(key)}
    try:
        return CaseListParameters.model_validate(asked)
    except ValidationError as error:
        wrong = ", ".join(sorted({str(each["loc"][0]) for each in error.errors()}))
        raise Problem(422, "invalid-parameters", f"No case can be found by this: {wrong}.") from None
