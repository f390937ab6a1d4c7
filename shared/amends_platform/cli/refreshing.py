"""A screen that is drawn anew every few seconds, until Ctrl-C."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from amends_platform.failures import CannotReach

_EVERY_SECONDS: Final = 2.0

# Is given the width and the height of the screen, and answers its lines.
Draw = Callable[[tuple[int, int]], Awaitable[Iterable[Text]]]


async def refresh(console: Console, draw: Draw) -> None:
    """Draw for ever. While the service is away the last screen stays, with a line that says so."""
    lines: list[Text] = []
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            width, height = console.size
            away: list[Text] = []
            try:
                lines = list(await draw((width, height)))
            except CannotReach as error:
                away = [Text(str(error), "bold red")]
            live.update(Group(*lines[: height - len(away)], *away), refresh=True)
            await asyncio.sleep(_EVERY_SECONDS)
