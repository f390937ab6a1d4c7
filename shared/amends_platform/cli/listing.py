"""How the help of a group lists its commands."""

from __future__ import annotations

from typing import Any, Final

from typer.core import TyperGroup

RUN, ASK, PROVE, ADMINISTER = "Run", "Complaints", "Proof", "Administer"
_OTHERS: Final = "Commands"
_SENTENCE_MAX: Final = 120


class Listed(TyperGroup):
    """Help in plain text, whole sentences, under headings where there are any: rich would cost three times the whole
    command.
    """

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        listed: dict[str, list[tuple[str, str]]] = {heading: [] for heading in (RUN, ASK, PROVE, ADMINISTER, _OTHERS)}
        for name in self.list_commands(ctx):
            command: Any = self.commands[name]
            heading = command.rich_help_panel if command.rich_help_panel in listed else _OTHERS
            listed[heading].append((name, command.get_short_help_str(_SENTENCE_MAX)))
        for heading, commands in listed.items():
            if commands:
                with formatter.section(heading):
                    formatter.write_dl(commands)
