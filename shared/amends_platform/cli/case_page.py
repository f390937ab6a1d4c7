"""One case for people: how it stands, its clocks, everything that happened, and what may be done now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from amends_domain.case import OPEN
from amends_platform.cli import signs
from amends_platform.cli.facts import clock_name, facts, playbook
from amends_platform.cli.rail import rail
from amends_platform.cli.tables import grade, local_time, padded, print_table, state, time_left
from amends_platform.words import Words

_NAMES_WIDTH: Final = 10
_VERDICTS: Final = {"met": ("done", "green"), "breached": ("ended", "bold red"), "pending": ("now", "yellow")}
# Of the clocks: the policy, then the time that is left, whose due time stands beside it.
_GIVE_UP: Final = (4, 3)


def print_case(
    console: Console, said: Words, case: Any, events: Sequence[Any], at: datetime | None, by: datetime | None
) -> None:
    """The case as it was known `at` a time, and had happened `by` a time, where these are given."""
    then = by or at
    _print_head(console, said, case, at, by)
    stops = rail(console, said, case, events)
    if stops is not None:
        _wrapped(console, Padding(stops, (0, 0, 0, 2), expand=False))
    for name, words in facts(said, case):
        _print_beside(console, Text(f"  {padded(name, _NAMES_WIDTH)}", "dim"), Text(words))
    _print_playbook(console, said, case)
    _print_clocks(console, said, case["deadlines"], then)
    _print_timeline(console, said, events, case["reference"])
    allowed = said.text("Allowed now") if then is None else said.text("Allowed then")
    commands = said.listed(said.code("command", name) for name in case["allowed"])
    console.print()
    _print_beside(console, Text(allowed, "dim"), Text(commands))


def _print_head(console: Console, said: Words, case: Any, at: datetime | None, by: datetime | None) -> None:
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


def _print_playbook(console: Console, said: Words, case: Any) -> None:
    """What to say first and about times, while the case is open."""
    book = playbook(case, said.language) if case["state"] in OPEN else None
    if book is None:
        return
    console.print()
    for name, words in ((said.text("say first"), book["first_words"]), (said.text("on times"), book["times"])):
        console.print(Text(f"  {name}", "dim"))
        _wrapped(console, Padding(Text(words, "italic"), (0, 0, 0, 12), expand=False))


def _print_clocks(console: Console, said: Words, deadlines: Sequence[Any], then: datetime | None) -> None:
    """Those that run first, the next to fall due at the top."""
    if not deadlines:
        return
    ordered = sorted(deadlines, key=lambda each: (each["status"] != "pending", each["due_at"]))
    rows = [
        (
            f"  {clock_name(said, deadline)}",
            _verdict(console, said, deadline),
            local_time(deadline["due_at"]) + (said.text(" (provisional)") if deadline["provisional"] else ""),
            _left(said, deadline, then),
            Text(f"{deadline['policy']['name']} {deadline['policy']['version']}", "dim"),
        )
        for deadline in ordered
    ]
    console.print()
    columns = (f"  {said.text('CLOCK')}", said.text("STATUS"), said.text("DUE"), "", said.text("POLICY"))
    print_table(console, columns, rows, give_up=_GIVE_UP)


def _verdict(console: Console, said: Words, deadline: Any) -> Text:
    how, style = _VERDICTS.get(deadline["status"], ("ahead", "dim"))
    return signs.marked(console, how, said.code("verdict", deadline["status"]), style)


def _left(said: Words, deadline: Any, then: datetime | None) -> Text | str:
    if deadline["status"] == "breached" and deadline["ended_at"] is None:
        # It is late, and owed still.
        return Text.assemble((f"{signs.OVERDUE} ", "bold red"), time_left(said, deadline["due_at"], then))
    if deadline["status"] != "pending":
        return ""
    sign = signs.of_deadline(datetime.fromisoformat(deadline["due_at"]), then or datetime.now(UTC), breached=False)
    return Text.assemble((f"{sign} " if sign else "", "bold red"), time_left(said, deadline["due_at"], then))


def _print_timeline(console: Console, said: Words, events: Sequence[Any], reference: str) -> None:
    """Everything in its order; what happened on a case that was merged into this one says on which."""
    console.print()
    for event in events:
        elsewhere = event.get("reference") or reference
        line = Text.assemble(
            (f"{elsewhere}  " if elsewhere != reference else "", "bold"),
            said.sentence(event, local_time),
            (f"  {event['actor']}", "dim"),
        )
        _print_beside(console, Text(f"  {local_time(event['recorded_at'])}", "dim"), line)
        for quoted in said.quoted(event):
            _wrapped(console, Padding(Text(quoted, "italic"), (0, 0, 0, 23), expand=False))


def _print_beside(console: Console, name: Text, words: Text) -> None:
    """The words beside the name, and where they are longer than the line, below one another. Uncut in a pipe."""
    if not console.is_terminal:
        console.print(Text.assemble(name, "  " if name.plain.strip() else "", words))
        return
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row(name, words)
    _wrapped(console, grid)


def _wrapped(console: Console, what: Any) -> None:
    console.print(what, soft_wrap=False)
