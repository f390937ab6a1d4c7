"""`amends cases`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from amends_platform.cli.client import AsJson, Key, Url
from amends_platform.cli.language import Language
from amends_platform.cli.replay import AsOf
from amends_platform.cli.show import ValidAt

if TYPE_CHECKING:
    from datetime import datetime

    from amends_platform.clients import Address
    from amends_platform.words import Words

_PAGE_MAX: Final = 200

Many = list[str] | None


def cases(
    state: Annotated[
        Many, typer.Option("--state", metavar="S", help="A state, or open or closed. Each filter may be repeated.")
    ] = None,
    branch: Annotated[Many, typer.Option("--branch", metavar="B")] = None,
    owner: Annotated[Many, typer.Option("--owner", metavar="O")] = None,
    grade: Annotated[Many, typer.Option("--grade", metavar="G", help="ordinary, major or escalated.")] = None,
    kind: Annotated[
        Many, typer.Option("--kind", metavar="K", help="complaint, inquiry, suggestion, praise or incident.")
    ] = None,
    flag: Annotated[Many, typer.Option("--flag", metavar="F")] = None,
    customer: Annotated[
        Many, typer.Option("--customer", metavar="C", help="The organisation's own key of one.")
    ] = None,
    incident: Annotated[
        str | None, typer.Option("--incident", metavar="CASE", help="The cases of a mass incident, by its reference.")
    ] = None,
    breached: Annotated[
        bool | None, typer.Option("--breached/--unbreached", help="With, or without, a deadline that was ever broken.")
    ] = None,
    due_before: Annotated[
        str | None, typer.Option("--due-before", metavar="T", help="Due by a time, or within so long, such as 2h.")
    ] = None,
    q: Annotated[
        str | None, typer.Option("--q", metavar="TEXT", help="How a reference, customer or external ref begins.")
    ] = None,
    sort: Annotated[
        str, typer.Option("--sort", metavar="BY", help="due, received or updated; with - in front, the last first.")
    ] = "due",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="So many at most.")] = 50,
    all_: Annotated[bool, typer.Option("--all", help="However many there are.")] = False,
    as_of: AsOf = None,
    valid_at: ValidAt = None,
    language: Language = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """The queue: cases by what is due next.

    With --as-of, as it was known then; with --valid-at, as it was, also by what was entered later.
    """
    import asyncio
    from datetime import datetime

    from amends_platform.cli.client import address
    from amends_platform.cli.instants import instant
    from amends_platform.cli.language import spoken

    said = spoken(language)
    asked: dict[str, Any] = {
        "state": state,
        "branch": branch,
        "owner": owner,
        "grade": grade,
        "kind": kind,
        "flag": flag,
        "customer": customer,
        "incident": incident,
        "breached": breached,
        "due_before": instant(due_before, "--due-before").isoformat() if due_before is not None else None,
        "q": q,
        "sort": sort,
        "as_of": instant(as_of, "--as-of", ago=True).isoformat() if as_of is not None else None,
        "valid_at": instant(valid_at, "--valid-at", ago=True).isoformat() if valid_at is not None else None,
    }
    parameters = {name: value for name, value in asked.items() if value is not None}
    where = address("workflow", url, key, role="auditor")
    items, is_more = asyncio.run(_fetched(where, parameters, None if all_ else limit))
    if as_json:
        print(json.dumps({"items": items, "more": is_more}, ensure_ascii=False))
    else:
        then = parameters.get("valid_at") or parameters.get("as_of")
        _show(said, items, None if then is None else datetime.fromisoformat(then), is_more=is_more)


async def _fetched(where: Address, parameters: dict[str, Any], limit: int | None) -> tuple[list[Any], bool]:
    """At most `limit` cases, page by page, and whether there are more."""
    from amends_platform.clients import get_json

    items: list[Any] = []
    async with where.client() as client:
        page = await get_json(client, "/v1/cases", parameters | {"limit": min(limit or _PAGE_MAX, _PAGE_MAX)})
        items += page["items"]
        while page["next"] is not None and (limit is None or len(items) < limit):
            page = await get_json(client, page["next"])
            items += page["items"]
    kept = items if limit is None else items[:limit]
    return kept, page["next"] is not None or len(kept) < len(items)


def _show(said: Words, items: list[Any], then: datetime | None, *, is_more: bool) -> None:
    from rich.text import Text

    from amends_platform.cli.tables import grade, output, print_table, state, time_left

    console = output()
    rows = []
    for item in items:
        due = Text()
        if item["next_due_at"] is not None:
            clock = said.code("clock", item["next_due_clock"])
            due = Text.assemble(f"{clock} ", time_left(said, item["next_due_at"], then))
        rows.append(
            (
                Text(item["reference"], "bold"),
                state(said, item["state"]),
                grade(said, item["grade"]),
                due,
                Text(said.text("yes"), "red") if item["breached"] else "",
                item["owner"],
                item["branch"],
                said.listed(said.code("flag", flag) for flag in item["flags"]),
            )
        )
    if rows:
        columns = (
            said.text("CASE"),
            said.text("STATE"),
            said.text("GRADE"),
            said.text("NEXT DEADLINE"),
            said.text("BREACHED"),
            said.text("OWNER"),
            said.text("BRANCH"),
            said.text("FLAGS"),
        )
        print_table(console, columns, rows)
    count = said.plural("{count} case", "{count} cases", len(items))
    more = said.text("and more: --all shows them, --limit so many") if is_more else ""
    console.print(Text(said.clauses((count, more)), "dim"))
