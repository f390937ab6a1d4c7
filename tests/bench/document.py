"""The results as a page of Markdown, as a table at the terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from tests.bench.measuring import Aim, Outcome, Plan, Summary
from tests.bench.records import Record

_INTRODUCTION = """# Benchmarks

Written by `{command}`; figures are only ever changed by running it again (`make bench`, or a part of it:
`make bench ARGS="--only append"`). Contenders take turns on the same servers in the same run (A B A B …), {rounds}
rounds of {seconds:g} s each after one to warm up, unless it says otherwise. A figure is the median of the rounds, with
the least and the most in brackets. Clients, services and servers share the machine, so compare what stands side by side
and take nothing as the most that can be had.
"""
# What may differ between two runs on one machine is told with each.
_LOAD = "Load average before"


def page(command: str, plan: Plan, records: Mapping[str, Record], pictures: Mapping[str, str]) -> str:
    """docs/benchmarks.md. `pictures`: by title of the outcome, and of all ratios by none, where it lies."""
    found = [record.outcome for record in records.values()]
    parts = [_INTRODUCTION.format(command=command, rounds=plan.rounds, seconds=plan.seconds)]
    parts.append(
        _table(
            ("", "against", "found", "aim"),
            [_aim_cells(outcome, aim) for outcome in found for aim in outcome.aims],
        )
    )
    if "" in pictures:
        parts.append(f"![All ratios, and their aims]({pictures['']})\n")
    for record in records.values():
        parts += _section(record, pictures)
    latest = max(records.values(), key=lambda record: record.measured_at)
    parts.append("## The machine\n")
    parts.append(_table(("", ""), [(name, words) for name, words in latest.machine.items() if name != _LOAD]))
    return "\n".join(parts)


def _section(record: Record, pictures: Mapping[str, str]) -> list[str]:
    outcome, machine = record.outcome, record.machine
    rows = [(name, *(_brackets(row[column]) for column in outcome.columns)) for name, row in outcome.rows.items()]
    on = ", ".join(machine[name] for name in ("Processor", "Python") if name in machine)
    load = f"; load average before: {machine[_LOAD]}" if _LOAD in machine else ""
    parts = [f"## {outcome.title}\n{outcome.about}"]
    if outcome.title in pictures:
        parts.append(f"![{outcome.title}]({pictures[outcome.title]})\n")
    parts.append(_table(("", *outcome.columns), rows))
    parts.append(f"Measured on {record.measured_at:%Y-%m-%d at %H:%M %Z}, {on}{load}.\n")
    return parts


def show(console: Console, found: Sequence[Outcome]) -> None:
    """The medians, for who ran it."""
    for outcome in found:
        table = Table("", *outcome.columns, title=outcome.title, title_justify="left")
        for name, row in outcome.rows.items():
            table.add_row(name, *(number(row[column].median) for column in outcome.columns))
        console.print(table)
        for aim in outcome.aims:
            met = "met" if aim.is_met else "MISSED"
            console.print(
                f"  {aim.ours}, {aim.column}: {_found(aim)} {aim.theirs or ''}; aim {_wanted(aim)}: {met}",
                highlight=False,
            )


def as_json(machine: Mapping[str, str], found: Sequence[Outcome]) -> str:
    """For programs."""
    return json.dumps({"machine": machine, "benchmarks": [asdict(outcome) for outcome in found]}, indent=2) + "\n"


def _aim_cells(outcome: Outcome, aim: Aim) -> tuple[str, ...]:
    return outcome.named(aim), aim.theirs or "", f"**{_found(aim)}**", _wanted(aim)


def _found(aim: Aim) -> str:
    times = "" if aim.theirs is None else " ×"
    return f"{number(aim.found.median)}{times} ({number(aim.found.least)}–{number(aim.found.most)})"


def _wanted(aim: Aim) -> str:
    return f"{'≤ ' if aim.at_most else ''}{aim.aim:,g}"


def _brackets(summary: Summary) -> str:
    return f"{number(summary.median)} ({number(summary.least)}–{number(summary.most)})"


def number(value: float) -> str:
    """Three figures that matter."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" if len(head) > 2 else "---" for _ in head[1:])], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
