"""What `amends up` says at the terminal: a line per event, the addresses and keys, the logs when asked for."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from amends_platform.running import Running
from amends_platform.settings import masked

_PROGRAMS: Final = ("postgres", "nats", "notifier", "intake", "workflow")
_COLOURS: Final = {"postgres": "blue", "nats": "cyan", "notifier": "magenta", "intake": "green", "workflow": "yellow"}
_LOOK_AGAIN_SECONDS: Final = 0.25


class Terminal:
    """Colours and a table where a person looks, plain lines where a program does."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)

    def say(self, program: str, text: str) -> None:
        """One line: when, who, what."""
        line = Text.assemble(
            (datetime.now().astimezone().strftime("%H:%M:%S"), "dim"),
            "  ",
            (f"{program:<9}", _COLOURS.get(program, "bold")),
            text,
        )
        self._console.print(line)

    def show_addresses(self, running: Running) -> None:
        """Where everything is, and the development keys."""
        addresses = Table.grid(padding=(0, 2))
        addresses.add_row("  intake", running.intake_url, "complaints go in here; the API is at /docs")
        addresses.add_row("  workflow", running.workflow_url, "queues, cases and deadlines; the API is at /docs")
        addresses.add_row("  NATS", masked(running.nats_url), "reminders, breaches and events: amends.v1.>")
        addresses.add_row("  PostgreSQL", masked(running.database_url), "")
        addresses.add_row("  data", str(running.data_dir), "")
        keys = Table.grid(padding=(0, 2))
        for role, key in running.keys.items():
            keys.add_row(f"  {role}", key)
        self._console.print("\nAmends is running.", style="bold")
        self._console.print(addresses)
        self._console.print("Development keys (Authorization: Bearer KEY), for this machine only:", style="bold")
        self._console.print(keys)
        self._console.print("Ctrl-C stops everything; what was recorded stays.\n", style="bold")

    async def follow_logs(self, data_dir: Path) -> None:
        """Show what the logs gain from now on, for ever."""
        files = {program: data_dir / "logs" / f"{program}.log" for program in _PROGRAMS}
        read_to = {program: file.stat().st_size if file.exists() else 0 for program, file in files.items()}
        while True:
            for program, file in files.items():
                size = file.stat().st_size if file.exists() else 0
                # Smaller than before: it was rotated.
                start = read_to[program] if size >= read_to[program] else 0
                if size > start:
                    with file.open("rb") as opened:
                        opened.seek(start)
                        gained = opened.read(size - start)
                    whole = gained[: gained.rfind(b"\n") + 1]
                    read_to[program] = start + len(whole)
                    for line in whole.decode(errors="replace").splitlines():
                        self.say(program, _readable(line))
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def _readable(line: str) -> str:
    """A JSON log line as a person reads it; any other as it is."""
    if not line.startswith("{"):
        return line
    try:
        fields = json.loads(line)
    except ValueError:
        return line
    first = f"{fields.pop('level', '')}: {fields.pop('event', '')}"
    rest = " ".join(f"{name}={value}" for name, value in fields.items() if name not in ("at", "program"))
    return f"{first} {rest}".strip()
