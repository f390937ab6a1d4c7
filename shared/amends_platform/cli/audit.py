"""`amends audit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from amends_platform.cli.client import AsJson, Key, Url
from amends_platform.cli.language import Language
from amends_platform.cli.listing import Listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.text import Text

    from amends_platform.words import Words

app = typer.Typer(
    cls=Listed,
    name="audit",
    help="Who read whose personal data, and who tried what they may not.",
    no_args_is_help=True,
)

OfCase = Annotated[str | None, typer.Option("--case", metavar="CASE", help="Of one case: its reference or id.")]
Person = Annotated[str | None, typer.Option("--person", metavar="P", help="Of one person.")]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="So many at most, the latest first.")]
All = Annotated[bool, typer.Option("--all", help="However many there are.")]


@app.command()
def readings(
    case: OfCase = None,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="C", help="Of one customer (customer.ref).")
    ] = None,
    person: Person = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="T", help="From a time on, or from so long ago, such as 7d.")
    ] = None,
    before: Annotated[str | None, typer.Option("--before", metavar="T", help="Before a time, or so long ago.")] = None,
    limit: Limit = 50,
    all_: All = False,
    language: Language = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Who read whose names and words, when, and what for: recorded before it was shown."""
    from amends_platform.cli.instants import instant

    parameters = {
        "case": case,
        "customer": customer,
        "person": person,
        "from_": None if since is None else instant(since, "--since", ago=True),
        "to": None if before is None else instant(before, "--before", ago=True),
    }
    items, is_more = _asked("readings", parameters, url, key, None if all_ else limit)
    if as_json:
        _print_json(items, is_more=is_more)
        return
    said = _spoken(language)
    heads = ("When", "Who", "Role", "Customer", "Case", "Read in", "What for")
    rows = [
        [
            *_who(said, item["read_at"], item["person"], item["role"]),
            item["customer_ref"],
            item["reference"] or said.text("all of them"),
            said.term("reading", item["answer"]),
            said.code("purpose", item["purpose"]),
        ]
        for item in items
    ]
    count = said.plural("{count} reading", "{count} readings", len(items)) if items else said.text("Nobody read any.")
    # What is asked for is who read whose data, when, and what for.
    _print(said, heads, rows, count, give_up=(2, 5, 4), is_more=is_more)


@app.command()
def refusals(
    case: OfCase = None,
    person: Person = None,
    code: Annotated[str | None, typer.Option("--code", metavar="CODE", help="Of one reason, such as recused.")] = None,
    limit: Limit = 50,
    all_: All = False,
    language: Language = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Who gave which command without the authority, or on a complaint about themselves, and was refused."""
    parameters = {"case": case, "principal": person, "code": code}
    items, is_more = _asked("refusals", parameters, url, key, None if all_ else limit)
    if as_json:
        _print_json(items, is_more=is_more)
        return
    said = _spoken(language)
    heads = ("When", "Who", "Role", "Case", "Tried to", "Why not")
    rows = [
        [
            *_who(said, item["refused_at"], item["principal"], item["role"]),
            item["reference"] or said.text("none yet"),
            said.term("command", item["command"]),
            said.refusal(item["code"], item["detail"]),
        ]
        for item in items
    ]
    count = (
        said.plural("{count} refusal", "{count} refusals", len(items)) if items else said.text("Nobody was refused.")
    )
    _print(said, heads, rows, count, give_up=(2,), is_more=is_more)


def _asked(
    what: str, parameters: Mapping[str, Any], url: str | None, key: str | None, limit: int | None
) -> tuple[list[Any], bool]:
    """What the service lists, at most `limit`, and whether there is more."""
    import asyncio

    from amends_platform.cli.client import address
    from amends_platform.cli.pages import PAGE_MAX, gathered

    where = address("workflow", url, key, role="auditor")
    meant = {name: value for name, value in parameters.items() if value is not None}

    async def ask() -> tuple[list[Any], bool]:
        async with where.workflow() as client:
            asking = client.readings if what == "readings" else client.refusals
            return await gathered(client, await asking(**meant, limit=min(limit or PAGE_MAX, PAGE_MAX)), limit)

    return asyncio.run(ask())


def _spoken(language: str | None) -> Words:
    from amends_platform.cli.language import spoken

    return spoken(language)


def _who(said: Words, at: str, person: str, role: str) -> tuple[str, str, str]:
    from amends_platform.cli.tables import local_time

    return local_time(at), person, said.code("role", role)


def _print_json(items: Sequence[Any], *, is_more: bool) -> None:
    import json

    print(json.dumps({"items": items, "more": is_more}, ensure_ascii=False))


def _print(
    said: Words,
    heads: Sequence[str],
    rows: Sequence[Sequence[Text | str]],
    count: str,
    *,
    give_up: Sequence[int],
    is_more: bool,
) -> None:
    from rich.text import Text

    from amends_platform.cli.pages import MORE
    from amends_platform.cli.tables import output, print_table

    console = output()
    left_out: Sequence[str] = ()
    if rows:
        left_out = print_table(console, [said.text(head).upper() for head in heads], rows, give_up=give_up)
    more = said.text(MORE) if is_more else ""
    console.print(Text(said.clauses((count, more)), "dim"), soft_wrap=not console.is_terminal)
    if left_out:
        wider = said.text("a wider terminal also shows {columns}", columns=said.listed(left_out))
        console.print(Text(wider, "dim"), soft_wrap=not console.is_terminal)
