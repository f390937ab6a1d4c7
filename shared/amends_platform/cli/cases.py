"""`amends cases`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amends_platform.cli.client import AsJson, Key, Url
from amends_platform.cli.language import Language
from amends_platform.cli.replay import AsOf
from amends_platform.cli.show import ValidAt

if TYPE_CHECKING:
    from datetime import datetime

    from amends_platform.clients import Address
    from amends_platform.words import Words

Many = list[str] | None


def cases(
    state: Annotated[
        Many, typer.Option("--state", metavar="S", help="A state, or open or closed. Each filter may be repeated.")
    ] = None,
    branch: Annotated[Many, typer.Option("--branch", metavar="B")] = None,
    owner: Annotated[Many, typer.Option("--owner", metavar="O", help="A staff id; me is whose key it is.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="As --owner me: those that you own.")] = False,
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
    watch: Annotated[bool, typer.Option("--watch", help="Drawn anew every 2 s, until Ctrl-C.")] = False,
    as_of: AsOf = None,
    valid_at: ValidAt = None,
    language: Language = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """The queue: cases by what is due next. A sign beside the colour says what is overdue, soon due, or was late.

    With --as-of, as it was known then; with --valid-at, as it was, also by what was entered later.
    """
    import asyncio
    from contextlib import suppress
    from datetime import datetime

    from amends_platform.cli.client import address
    from amends_platform.cli.instants import instant
    from amends_platform.cli.language import spoken

    said = spoken(language)
    asked: dict[str, Any] = {
        "state": state,
        "branch": branch,
        "owner": [*(owner or []), *(["me"] if mine else [])] or None,
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
    # Nobody owns less than an auditor: at the running `amends up`, "me" is the handler.
    where = address("workflow", url, key, role="handler" if mine else "auditor")
    if watch:
        _check_watchable(parameters, as_json=as_json)
        with suppress(KeyboardInterrupt):
            asyncio.run(_watch(said, where, parameters))
        return
    items, is_more = asyncio.run(_fetched(where, parameters, None if all_ else limit))
    if as_json:
        print(json.dumps({"items": items, "more": is_more}, ensure_ascii=False))
    else:
        then = parameters.get("valid_at") or parameters.get("as_of")
        _show(said, items, None if then is None else datetime.fromisoformat(then), is_more=is_more)


def _check_watchable(parameters: dict[str, Any], *, as_json: bool) -> None:
    import sys

    from amends_platform.failures import WrongUsage

    if as_json or not sys.stdout.isatty():
        raise WrongUsage("--watch: it takes a terminal. For programs there are --json and GET /v1/stream.")
    if parameters.keys() & {"as_of", "valid_at"}:
        raise WrongUsage("--watch: what was does not change.")


async def _fetched(where: Address, parameters: dict[str, Any], limit: int | None) -> tuple[list[Any], bool]:
    """At most `limit` cases, page by page, and whether there are more."""
    from amends_platform.cli.pages import PAGE_MAX, gathered

    async with where.workflow() as client:
        first = await client.cases(**parameters, limit=min(limit or PAGE_MAX, PAGE_MAX))
        return await gathered(client, first, limit)


def _show(said: Words, items: list[Any], then: datetime | None, *, is_more: bool) -> None:
    from amends_platform.cli.queue import print_queue
    from amends_platform.cli.tables import output

    print_queue(output(), said, items, then, is_more=is_more)


async def _watch(said: Words, where: Address, parameters: dict[str, Any]) -> None:
    """The beginning of the queue, as much as fits on the screen, for ever."""
    from amends_platform.cli.queue import queue_lines
    from amends_platform.cli.refreshing import refresh
    from amends_platform.cli.tables import output

    async def draw(size: tuple[int, int]) -> Any:
        items, is_more = await _fetched(where, parameters, size[1])
        return queue_lines(said, items, size, is_more=is_more)

    await refresh(output(), draw)
