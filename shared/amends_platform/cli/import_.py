"""`amends import`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from amends_platform.cli.client import AsJson, Key, Url

if TYPE_CHECKING:
    from amends_platform.clients import Address
    from amends_platform.importing.formats import Format
    from amends_platform.importing.imports import Import, Tally

# The rest is in the rejected file.
_SHOWN_MAX: Final = 20


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Complaints, one a row.", exists=True, dir_okay=False, readable=True)
    ],
    format_name: Annotated[
        Literal["ndjson", "csv", "cfpb"] | None,
        typer.Option("--format", help="How the file is written [default: told from its first line, or its name]."),
    ] = None,
    timing_name: Annotated[
        Literal["history", "live"] | None,
        typer.Option(
            "--as",
            help="history: cases from the past, at the time the row says, starting no clocks (default for cfpb). "
            "live: received now. [default: as each row says]",
        ),
    ] = None,
    encoding: Annotated[str, typer.Option(metavar="E", help="The file's text encoding, such as gb18030.")] = "utf-8",
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Send complaints from a file through intake: every row recorded once, however often it is sent.

    Interrupted, it is resumed by giving it again. Rows that are refused are written to FILE.rejected with the
    reason, to be mended and imported; then the exit status is 1.

    ndjson: a JSON object a line, as POST /v1/complaints takes it. csv: a column a field, customer_ref and other
    customer_ columns for the customer, semicolons within lists. cfpb: the US complaint database as published.
    """
    import asyncio
    import codecs

    from amends_platform.cli.client import address
    from amends_platform.failures import WrongUsage
    from amends_platform.importing.formats import Format, format_of
    from amends_platform.importing.imports import Import
    from amends_platform.importing.rows import Timing

    try:
        encoding = codecs.lookup(encoding).name
    except LookupError:
        raise WrongUsage(f"There is no encoding {encoding!r}. Usual ones: utf-8, gb18030, big5, cp1252.") from None
    chosen = Format(format_name) if format_name is not None else format_of(file, encoding)
    timing = Timing(timing_name) if timing_name is not None else chosen.timing
    work = Import(file, chosen, encoding, timing)
    tally = asyncio.run(_carried_out(work, address("intake", url, key, role="integration")))
    if as_json:
        print(json.dumps(_document(tally, chosen), ensure_ascii=False))
    elif tally.rows or tally.failure is None:
        _report(tally)
    if tally.failure is not None:
        raise tally.failure
    if tally.interrupted:
        raise typer.Exit(130)
    if tally.rejected:
        raise typer.Exit(1)


async def _carried_out(work: Import, where: Address) -> Tally:
    import asyncio
    import signal

    from amends_platform.cli.progress import meter

    total = work.count()
    with meter("importing", "rows", total) as bar:
        shown = 0

        def settled(tally: Tally, told: str | None) -> None:
            nonlocal shown
            bar.reach(tally.rows)
            if told is not None:
                shown += 1
                if shown <= _SHOWN_MAX:
                    bar.say(told)
                elif shown == _SHOWN_MAX + 1:
                    bar.say("… more are rejected; all are in the rejected file")

        loop = asyncio.get_running_loop()
        running = asyncio.current_task()
        assert running is not None

        def on_interrupt() -> None:
            # The first lets the rows in flight settle, the second ends even those.
            if not work.stop():
                running.cancel()

        loop.add_signal_handler(signal.SIGINT, on_interrupt)
        try:
            return await work.run(where, settled)
        finally:
            loop.remove_signal_handler(signal.SIGINT)


def _report(tally: Tally) -> None:
    from amends_platform.cli.progress import per_second

    print(
        f"{tally.rows:,} rows: {tally.recorded:,} recorded, {tally.already_recorded:,} already recorded, "
        f"{tally.rejected:,} rejected  ({tally.seconds:.1f} s, {per_second(tally.rows, tally.seconds)} rows/s)"
    )
    if tally.rejected_file is not None:
        print(f"Rejected rows and why: {tally.rejected_file}")
    if tally.interrupted:
        print("Stopped before the end. Give the same command again to go on.")


def _document(tally: Tally, chosen: Format) -> dict[str, Any]:
    return {
        "format": chosen.value,
        "rows": tally.rows,
        "recorded": tally.recorded,
        "already_recorded": tally.already_recorded,
        "rejected": tally.rejected,
        "rejected_file": str(tally.rejected_file) if tally.rejected_file is not None else None,
        "complete": tally.failure is None and not tally.interrupted,
        "seconds": round(tally.seconds, 3),
    }
