"""The queue as a table: of each case what is due next, how it stands, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from amends_platform.cli import signs
from amends_platform.cli.pages import MORE
from amends_platform.cli.tables import grade, lines_of_table, print_table, state, time_left
from amends_platform.words import Words

_SIGN_STYLES: Final = {signs.OVERDUE: "bold red", signs.SOON: "bold yellow", signs.WAS_LATE: "red"}
_SIGN_WIDTH: Final = 2
# Flags, branch, owner, grade: so much is left out, in this order, where a terminal is narrow.
_GIVE_UP: Final = (6, 5, 3, 4)


def print_queue(console: Console, said: Words, items: Sequence[Any], then: datetime | None, *, is_more: bool) -> None:
    """The cases, and below them how many and what the signs say. `then` is when the queue was so; None is now."""
    columns, rows = _columns(said), _rows(said, items, then)
    left_out: tuple[str, ...] = print_table(console, columns, rows, give_up=_GIVE_UP) if rows else ()
    for line in _footer(said, items, then, left_out, is_more=is_more):
        console.print(line, soft_wrap=not console.is_terminal)


def queue_lines(said: Words, items: Sequence[Any], size: tuple[int, int], *, is_more: bool) -> Iterator[Text]:
    """What fits on a screen of that width and height, the footer included."""
    width, height = size
    footer = list(_footer(said, items, None, (), is_more=is_more))
    lines = list(lines_of_table(_columns(said), _rows(said, items, None), width, give_up=_GIVE_UP))
    yield from lines[: max(1, height - len(footer) - 1)]
    yield from footer


def _columns(said: Words) -> tuple[str, ...]:
    return (
        said.text("CASE"),
        said.text("NEXT DEADLINE"),
        said.text("STATE"),
        said.text("GRADE"),
        said.text("OWNER"),
        said.text("BRANCH"),
        said.text("FLAGS"),
    )


def _rows(said: Words, items: Sequence[Any], then: datetime | None) -> list[tuple[Text | str, ...]]:
    return [
        (
            Text(item["reference"], "bold"),
            _due(said, item, then),
            state(said, item["state"]),
            grade(said, item["grade"]),
            item["owner"],
            item["branch"],
            said.listed(said.code("flag", flag) for flag in item["flags"]),
        )
        for item in items
    ]


def _due(said: Words, item: Any, then: datetime | None) -> Text:
    sign = _sign(item, then)
    due = Text(sign.ljust(_SIGN_WIDTH), _SIGN_STYLES.get(sign, ""))
    if item["next_due_at"] is not None:
        clock = said.code("clock", item["next_due_clock"])
        due = Text.assemble(due, f" {clock} ", time_left(said, item["next_due_at"], then))
    due.rstrip()
    return due


def _sign(item: Any, then: datetime | None) -> str:
    due_at = None if item["next_due_at"] is None else datetime.fromisoformat(item["next_due_at"])
    return signs.of_deadline(due_at, then or datetime.now(UTC), breached=item["breached"])


def _footer(
    said: Words, items: Sequence[Any], then: datetime | None, left_out: Sequence[str], *, is_more: bool
) -> Iterator[Text]:
    count = said.plural("{count} case", "{count} cases", len(items))
    more = said.text(MORE) if is_more else ""
    yield Text(said.clauses((count, more)), "dim")
    shown = {_sign(item, then) for item in items}
    told = {
        signs.OVERDUE: said.text("overdue"),
        signs.SOON: said.text("due within 2 hours"),
        signs.WAS_LATE: said.text("a deadline was broken"),
    }
    legend = [f"{sign} {words}" for sign, words in told.items() if sign in shown]
    if left_out:
        legend.append(said.text("a wider terminal also shows {columns}", columns=said.listed(left_out)))
    if legend:
        yield Text(said.text("; ").join(legend), "dim")
