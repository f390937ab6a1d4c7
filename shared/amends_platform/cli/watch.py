"""`amends watch`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from amends_platform.cli.client import AsJson
from amends_platform.cli.language import Language

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console
    from rich.text import Text

    from amends_platform.words import Words

Since = Annotated[
    str | None,
    typer.Option("--since", metavar="T", help="Also those since T: a time, or how long ago, such as 2h."),
]


def watch(since: Since = None, language: Language = None, as_json: AsJson = False) -> None:
    """Reminders, breaches and escalations as they come from NATS, and who has seen them. Ctrl-C ends it.

    At a terminal their numbers stand below. With --json each alert is a line: id, subject's kind and name, when it was
    published, and the payload.
    """
    import asyncio
    from contextlib import suppress

    from amends_platform.cli.instants import instant
    from amends_platform.cli.language import spoken

    start = instant(since, "--since", ago=True) if since is not None else None
    with suppress(KeyboardInterrupt, BrokenPipeError):
        asyncio.run(_watch(start, spoken(language), as_json=as_json))


async def _watch(since: datetime | None, said: Words, *, as_json: bool) -> None:
    from amends_platform.alerts import Alerts
    from amends_platform.cli.alert_lines import json_line, shown
    from amends_platform.cli.alert_tally import Tally
    from amends_platform.cli.settings import broker_address, load_settings
    from amends_platform.cli.tables import fitted, output

    settings = load_settings()
    address = broker_address(settings)
    if as_json:
        async for alert in Alerts(address, settings.tenant, since):
            print(json_line(alert), flush=True)
        return
    console, tally = output(), Tally()
    with _below(console) as below:
        below(tally.line(said))
        async for alert in Alerts(address, settings.tenant, since, acknowledgements=True):
            console.print(fitted(console, shown(said, alert)))
            tally.take(alert)
            below(tally.line(said))


@contextmanager
def _below(console: Console) -> Iterator[Callable[[Text], None]]:
    """A function that shows a line below all others; nowhere, where there is no such place."""
    from rich.live import Live

    if not console.is_terminal or console.is_dumb_terminal:
        yield lambda _line: None
        return
    with Live(console=console, auto_refresh=False) as live:
        yield lambda line: live.update(line, refresh=True)
