"""`amends report`."""

from __future__ import annotations

import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from amends_platform.cli.client import AsJson, Key, Url
from amends_platform.cli.language import Language

if TYPE_CHECKING:
    from amends_platform.clients import Address

T = TypeVar("T")

FORMATS: Final = ("html", "pdf", "xlsx", "csv", "json")
# Nobody reads these at a terminal.
_FILES_ONLY: Final = frozenset({"pdf", "xlsx"})
_SILENT_SECONDS_MAX: Final = 1.0
# A month of a large log is read for minutes, the first time it is asked for.
_PATIENCE_SECONDS: Final = 1_800.0


def report(
    month: Annotated[
        str | None, typer.Argument(metavar="[MONTH]", help="A month that is over, such as 2026-10 [default: to date].")
    ] = None,
    branch: Annotated[str | None, typer.Option("--branch", metavar="B", help="Of one branch alone.")] = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="F", help="html, pdf, xlsx, csv or json [default: a summary]."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it; its suffix is a format.")
    ] = None,
    language: Language = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """The month-end pack: every measure of a month, and whether its totals reconcile.

    A month that is over gives the same bytes whenever it is asked for. Exit status 1: a total does not reconcile.
    """
    import asyncio

    from amends_platform.cli.client import address
    from amends_platform.cli.language import spoken
    from amends_platform.cli.outputs import check_output
    from amends_platform.failures import WrongUsage
    from amends_platform.files import private_file

    said = spoken(language)
    wanted = _format(format_, output, as_json=as_json)
    if output is not None:
        check_output(output)
    elif wanted in _FILES_ONLY:
        raise WrongUsage(f"--format {wanted} is written to a file: say --output FILE")
    where = address("workflow", url, key, role="auditor")
    body = asyncio.run(_fetched(where, month, branch, wanted or "json", said.language))
    if output is not None:
        with private_file(output) as file:
            file.write(body)
        print(f"{len(body):,} bytes in {output}")
    elif wanted is not None:
        sys.stdout.buffer.write(body + b"\n" if as_json else body)
        sys.stdout.buffer.flush()
    if wanted in (None, "json"):
        _summarise(body, said.language, shown=wanted is None)


def _format(wanted: str | None, output: Path | None, *, as_json: bool) -> str | None:
    """The format asked for; None is a summary at the terminal."""
    from amends_platform.failures import WrongUsage

    if as_json and wanted not in (None, "json"):
        raise WrongUsage(f"--json and --format {wanted} are two things: say one of them")
    if wanted is None and output is not None and not as_json:
        wanted = output.suffix.removeprefix(".").lower()
        if wanted not in FORMATS:
            raise WrongUsage(f"--output: {output} does not say a format: say --format {', '.join(FORMATS)}")
    wanted = "json" if as_json else wanted
    if wanted is not None and wanted not in FORMATS:
        raise WrongUsage(f"--format: {wanted} is none of {', '.join(FORMATS)}")
    return wanted


async def _fetched(where: Address, month: str | None, branch: str | None, format_: str, language: str) -> bytes:
    async with where.workflow(seconds_max=_PATIENCE_SECONDS) as client:
        if month is None:
            return await _patiently(client.measures_file(branch=branch, format=format_, language=language))
        return await _patiently(client.report_file(month, branch=branch, format=format_, language=language))


async def _patiently(asking: Awaitable[T]) -> T:
    """The answer; a person who waits is told for what, and sees that it goes on."""
    import asyncio
    import time

    from rich.console import Console

    task = asyncio.ensure_future(asking)
    await asyncio.wait([task], timeout=_SILENT_SECONDS_MAX)
    if task.done():
        return await task
    console = Console(stderr=True, highlight=False)
    what = "The month is read from the log, case by case, and waits for a signed checkpoint that covers it"
    if not console.is_terminal:
        console.print(f"{what} …", soft_wrap=True)
        return await task
    began = time.monotonic()
    with console.status(what) as status:
        while not task.done():
            await asyncio.wait([task], timeout=1)
            status.update(f"{what}: {time.monotonic() - began:.0f} s")
    return await task


def _summarise(body: bytes, language: str, *, shown: bool) -> None:
    """Show what is in it, where a person looks. Raises Failure where a total does not reconcile."""
    import json

    from amends_platform.cli.report_page import show
    from amends_platform.failures import Failure
    from amends_platform.words import words

    pack = json.loads(body)
    if shown:
        show(pack, words(language))
    if not pack["reconciles"]:
        wrong = sum(1 for each in pack["reconciliations"] if each["difference"])
        raise Failure(words(language).text("{count} totals do not reconcile.", count=wrong))
