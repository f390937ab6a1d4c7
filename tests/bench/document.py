"""The results as a page of Markdown, as a table at the terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from rich.console import Console
from rich.table import Table

from tests.bench.measuring import Outcome, Ratio, Summary

_INTRODUCTION = """# Benchmarks

Written by `{command}` on {date:%Y-%m-%d at %H:%M %Z}; figures are only ever changed by running it again (`make bench`).
Contenders take turns on the same servers in the same run (A B A B …), {rounds} rounds of {seconds:g} s each after one
to warm up. A figure is the median of the rounds, with the least and the most in brackets. Clients, services and servers
share the machine, so compare what stands side by side and take nothing as the most that can be had.
"""


def page(
    command: str, date: datetime, rounds: int, seconds: float, machine: Mapping[str, str], found: Sequence[Outcome]
) -> str:
    """docs/benchmarks.md."""
    parts = [_INTRODUCTION.format(command=command, date=date, rounds=rounds, seconds=seconds)]
    parts.append(
        _table(
            ("", "against", "times", "aim"),
            [_ratio_cells(outcome, ratio) for outcome in found for ratio in outcome.ratios],
        )
    )
    for outcome in found:
        rows = [(name, *(_brackets(row[column]) for column in outcome.columns)) for name, row in outcome.rows.items()]
        parts.append(f"## {outcome.title}\n{outcome.about}")
        parts.append(_table(("", *outcome.columns), rows))
    parts.append("## The machine\n")
    parts.append(_table(("", ""), list(machine.items())))
    return "\n".join(parts)


def show(console: Console, found: Sequence[Outcome]) -> None:
    """The medians, for who ran it."""
    for outcome in found:
        table = Table("", *outcome.columns, title=outcome.title, title_justify="left")
        for name, row in outcome.rows.items():
            table.add_row(name, *(_number(row[column].median) for column in outcome.columns))
        console.print(table)
        for ratio in outcome.ratios:
            met = "met" if ratio.found.median >= ratio.aim else "MISSED"
            console.print(
                f"  {ratio.column}: {_times(ratio)} {ratio.theirs}; aim {ratio.aim:g}: {met}", highlight=False
            )


def as_json(machine: Mapping[str, str], found: Sequence[Outcome]) -> str:
    """For programs."""
    return json.dumps({"machine": machine, "benchmarks": [asdict(outcome) for outcome in found]}, indent=2) + "\n"


def _ratio_cells(outcome: Outcome, ratio: Ratio) -> tuple[str, ...]:
    return f"{outcome.title}, {ratio.column}", ratio.theirs, f"**{_times(ratio)}**", f"{ratio.aim:g}"


def _times(ratio: Ratio) -> str:
    return f"{_number(ratio.found.median)} × ({_number(ratio.found.least)}–{_number(ratio.found.most)})"


def _brackets(summary: Summary) -> str:
    return f"{_number(summary.median)} ({_number(summary.least)}–{_number(summary.most)})"


def _number(value: float) -> str:
    """Three figures that matter."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" if len(head) > 2 else "---" for _ in head[1:])], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
