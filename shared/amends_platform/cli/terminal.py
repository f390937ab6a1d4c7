"""What `amends up` says at the terminal: a line per event, the addresses and keys, the logs when asked for."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from amends_platform.settings import masked
from amends_platform.supervising.running import Running

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
        # Nobody listens any more, be it a closed terminal or a pipe to head: that must not keep us from stopping.
        with suppress(OSError):
            self._console.print(line)

    def show_addresses(self, running: Running) -> None:
        """Where everything is, and the development keys."""
        self._heading("\nAmends is running.")
        self._rows(
            ("console", f"{running.workflow_url}/", "for people: sign in with one of the keys below"),
            ("intake", running.intake_url, "complaints go in here; the API is at /docs"),
            ("workflow", running.workflow_url, "queues, cases and deadlines; the API is at /openapi.json"),
            ("NATS", masked(running.nats_url), "events, reminders and breaches: amends.v1.>"),
            ("PostgreSQL", masked(running.database_url), ""),
            ("data", str(running.data_dir), ""),
        )
        self._heading("Development keys (Authorization: Bearer KEY), for this machine only:")
        self._rows(*((role, key, "") for role, key in running.keys.items()))
        self._heading("Ctrl-C stops everything; what was recorded stays.\n")

    def _heading(self, text: str) -> None:
        self._console.print(text, style="bold")

    def _rows(self, *rows: tuple[str, str, str]) -> None:
        """Never shortened or wrapped: addresses and keys are there to be copied."""
        for name, value, remark in rows:
            self._console.print(Text.assemble(f"  {name:<16}{value}", (f"  {remark}" if remark else "", "dim")))

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
