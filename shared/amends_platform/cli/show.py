"""`amends show`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amends_platform.cli.client import AsJson, Key, Url
from amends_platform.cli.language import Language
from amends_platform.cli.replay import AsOf

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from amends_platform.clients import Address
    from amends_platform.words import Words

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
    as_json: AsJson = False,
) -> None:
    """One case: how it stands, its clocks, everything that happened, and what may be done now.

    With --as-of, as it was known then; with --valid-at, as it was, also by what was entered later; with both, as it was
    by what was known. Names and words are shown to keys that may read them.
    """
    import asyncio

    from amends_platform.cli.client import address
    from amends_platform.cli.instants import instant
    from amends_platform.cli.language import spoken

    said = spoken(language)
    at = instant(as_of, "--as-of", ago=True) if as_of is not None else None
    by = instant(valid_at, "--valid-at", ago=True) if valid_at is not None else None
    found, events = asyncio.run(_fetched(address("workflow", url, key, role="auditor"), case, at, by))
    if as_json:
        print(json.dumps({"case": found, "events": events}, ensure_ascii=False))
    else:
        _show(said, found, events, at, by)


async def _fetched(where: Address, name: str, at: datetime | None, by: datetime | None) -> tuple[Any, list[Any]]:
    """The case and its events: those recorded by `at` and happened `by` then, where these are given."""
    from urllib.parse import quote

    from amends_platform.clients import get_json

    path = f"/v1/cases/{quote(name, safe='')}"
    then = {name: time.isoformat() for name, time in (("as_of", at), ("valid_at", by)) if time is not None}
    async with where.client() as client:
        case = await get_json(client, path, then or None)
        events: list[Any] = []
        # The customer has one story, also where it came in as two cases.
        merged = "&merged=true" if case.get("absorbed") else ""
        following: str | None = f"{path}/events?limit=200{merged}"
        while following is not None:
            page = await get_json(client, following)
            events += page["items"]
            following = page["next"]
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


def _show(said: Words, case: Any, events: list[Any], at: datetime | None, by: datetime | None) -> None:
    from rich.text import Text

    from amends_platform.cli.facts import facts
    from amends_platform.cli.tables import grade, output, padded, state

    console = output()
    cycle = said.text(", cycle {number}", number=case["cycle"]) if case["cycle"] > 1 else ""
    console.print(
        Text.assemble(
            (case["reference"], "bold"), "  ", state(said, case["state"]), "  ", grade(said, case["grade"]), cycle
        )
    )
    if at is not None:
        console.print(said.text("as it was known on {at}", at=f"{at:%Y-%m-%d %H:%M:%S %z}"), style="dim")
    if by is not None:
        console.print(
            said.text("what had happened by {at}, in hindsight", at=f"{by:%Y-%m-%d %H:%M:%S %z}"), style="dim"
        )
    for name, words in facts(said, case):
        console.print(Text.assemble((f"  {padded(name, 10)}", "dim"), words))
    _show_playbook(console, said, case)
    then = by or at
    _show_clocks(console, said, case["deadlines"], then)
    _show_timeline(console, said, events, case["reference"])
    allowed = said.text("Allowed now") if then is None else said.text("Allowed then")
    commands = said.listed(said.code("command", name) for name in case["allowed"])
    console.print(Text.assemble((f"\n{allowed}  ", "dim"), commands))


def _show_playbook(console: Console, said: Words, case: Any) -> None:
    """What to say first and about times, while the case is open."""
    from rich.padding import Padding
    from rich.text import Text

    from amends_domain.case import OPEN
    from amends_platform.cli.facts import playbook

    book = playbook(case, said.language) if case["state"] in OPEN else None
    if book is None:
        return
    console.print()
    for name, words in ((said.text("say first"), book["first_words"]), (said.text("on times"), book["times"])):
        console.print(Text(f"  {name}", "dim"))
        console.print(Padding(Text(words, "italic"), (0, 0, 0, 12), expand=False), soft_wrap=False)


def _show_clocks(console: Console, said: Words, deadlines: list[Any], at: datetime | None) -> None:
    from rich.text import Text

    from amends_platform.cli.facts import clock_name
    from amends_platform.cli.tables import local_time, print_table, time_left

    if not deadlines:
        return
    colours = {"met": "green", "breached": "bold red", "pending": "yellow"}
    rows = [
        (
            f"  {clock_name(said, deadline)}",
            Text(said.code("verdict", deadline["status"]), colours.get(deadline["status"], "dim")),
            local_time(deadline["due_at"]) + (said.text(" (provisional)") if deadline["provisional"] else ""),
            time_left(said, deadline["due_at"], at) if deadline["status"] == "pending" else "",
            Text(f"{deadline['policy']['name']} {deadline['policy']['version']}", "dim"),
        )
        for deadline in deadlines
    ]
    console.print()
    columns = (f"  {said.text('CLOCK')}", said.text("STATUS"), said.text("DUE"), "", said.text("POLICY"))
    print_table(console, columns, rows)


def _show_timeline(console: Console, said: Words, events: list[Any], reference: str) -> None:
    """Everything in its order; what happened on a case that was merged into this one says on which."""
    from rich.padding import Padding
    from rich.text import Text

    from amends_platform.cli.tables import local_time

    console.print()
    for event in events:
        elsewhere = event.get("reference") or reference
        line = Text.assemble(
            (f"  {local_time(event['recorded_at'])}  ", "dim"),
            (f"{elsewhere}  " if elsewhere != reference else "", "bold"),
            said.sentence(event, local_time),
            (f"  {event['actor']}", "dim"),
        )
        console.print(line)
        for quoted in said.quoted(event):
            console.print(Padding(Text(quoted, "italic"), (0, 0, 0, 23), expand=False), soft_wrap=False)
