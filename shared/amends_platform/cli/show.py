"""`amends show`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from amends_platform.cli.client import AsJson, Key, Purpose, Url
from amends_platform.cli.language import Language
from amends_platform.cli.replay import AsOf

if TYPE_CHECKING:
    from datetime import datetime

    from amends_platform.clients import Address

_PAGE_MAX: Final = 200

ValidAt = Annotated[
    str | None,
    typer.Option("--valid-at", metavar="T", help="What had happened by T, in hindsight, such as 2h for two hours ago."),
]


def show(
    case: Annotated[str, typer.Argument(metavar="CASE", help="The case's reference, such as K7M2-P9QX, or its id.")],
    as_of: AsOf = None,
    valid_at: ValidAt = None,
    language: Language = None,
    url: Url = None,
    key: Key = None,
    purpose: Purpose = None,
    as_json: AsJson = False,
) -> None:
    """One case: how it stands, its clocks, everything that happened, and what may be done now.

    With --as-of, as it was known then; with --valid-at, as it was, also by what was entered later; with both, as it was
    by what was known. Names and words are shown to keys that may read them.
    """
    import asyncio

    from amends_platform.cli.case_page import print_case
    from amends_platform.cli.client import address
    from amends_platform.cli.instants import instant
    from amends_platform.cli.language import spoken
    from amends_platform.cli.tables import output

    said = spoken(language)
    at = instant(as_of, "--as-of", ago=True) if as_of is not None else None
    by = instant(valid_at, "--valid-at", ago=True) if valid_at is not None else None
    found, events = asyncio.run(_fetched(address("workflow", url, key, role="auditor", purpose=purpose), case, at, by))
    if as_json:
        print(json.dumps({"case": found, "events": events}, ensure_ascii=False))
    else:
        print_case(output(), said, found, events, at, by)


async def _fetched(where: Address, name: str, at: datetime | None, by: datetime | None) -> tuple[Any, list[Any]]:
    """The case and its events: those recorded by `at` and happened `by` then, where these are given."""
    async with where.workflow() as client:
        case = await client.case(name, as_of=at, valid_at=by)
        # The customer has one story, also where it came in as two cases.
        merged = True if case["absorbed"] else None
        events = [
            event
            async for event in client.all_case_events(
                name, limit=_PAGE_MAX, merged=merged, amends_purpose=where.purpose
            )
        ]
    return case, [event for event in events if _was_there(event, case, at, by)]


def _was_there(event: Any, case: Any, at: datetime | None, by: datetime | None) -> bool:
    """Whether it was known at a time, and had happened by a time. The case itself says what of it had not yet."""
    from datetime import datetime

    if at is not None and datetime.fromisoformat(event["recorded_at"]) > at:
        return False
    if by is None:
        return True
    if event.get("reference", case["reference"]) == case["reference"]:
        return event["version"] not in case["not_yet"]
    return datetime.fromisoformat(event["occurred_at"]) <= by
