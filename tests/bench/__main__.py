"""`python -m tests.bench`: measure, show, and (but for --quick) write what was found into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.bench import (
    abuse,
    alerting,
    appending,
    catching_up,
    crowding,
    draining,
    firing,
    growing,
    holding,
    jobs,
    limits,
    paging,
    proving,
    receiving,
    recovering,
    replaying,
    sealing,
    showing,
    starting,
    verifying,
    weighing,
)
from tests.bench.document import as_json, page, show
from tests.bench.machine import machine
from tests.bench.measuring import FULL, QUICK, Outcome, Plan
from tests.bench.records import Record, keep_records, read_records
from tests.bench.servers import Bench, running_bench

_Run = Callable[[Bench, Plan, Callable[[str], None]], Awaitable[Outcome]]

BENCHMARKS: dict[str, _Run] = {
    "append": appending.run,
    "callers": crowding.run,
    "growth": growing.run,
    "weight": weighing.run,
    "limits": limits.run,
    "intake": receiving.run,
    "replay": replaying.run,
    "alerts": alerting.run,
    "queue": showing.run,
    "timers": firing.run,
    "jobs": jobs.run,
    "overdue": draining.run,
    "outage": catching_up.run,
    "recovery": recovering.run,
    "seal": sealing.run,
    "verify": verifying.run,
    "prove": proving.run,
    "console": paging.run,
    "abuse": abuse.run,
    "start": starting.run,
    "memory": holding.run,
}
_PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
_PICTURES = _PAGE.with_name("benchmarks")
_RECORDS = _PICTURES / "records.json"
_COMMAND = "python -m tests.bench"


def main() -> None:
    arguments = _arguments()
    plan = QUICK if arguments.quick else FULL
    console = Console(stderr=True, highlight=False)
    # The servers may run as another user, which uvloop cannot start; what is measured runs on uvloop, as services do.
    with asyncio.Runner() as servers, asyncio.Runner(loop_factory=uvloop.new_event_loop) as clients:
        running = AsyncExitStack()
        try:
            bench = servers.run(running.enter_async_context(running_bench()))
            about, found = clients.run(_measure(bench, plan, arguments.only, console))
        finally:
            servers.run(running.aclose())
    show(Console(highlight=False), found)
    if arguments.json is not None:
        arguments.json.write_text(as_json(about, found))
    if plan is FULL:
        console.print(f"{_PAGE.relative_to(Path.cwd()) if _PAGE.is_relative_to(Path.cwd()) else _PAGE} written")


def _write(name: str, measured: Record) -> None:
    """The page anew: with what was measured now, and what others were last."""
    # It takes longer to import than all of us.
    from tests.bench.plotting import draw

    _PICTURES.mkdir(exist_ok=True)
    kept = read_records(_RECORDS) | {name: measured}
    records = {each: kept[each] for each in BENCHMARKS if each in kept}
    keep_records(_RECORDS, records)
    drawn = draw([record.outcome for record in records.values()], _PICTURES)
    pictures = {title: f"{_PICTURES.name}/{name}" for title, name in drawn.items()}
    _PAGE.write_text(page(_COMMAND, FULL, records, pictures), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=_COMMAND, description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test of about 20 s: no figure to rely on")
    parser.add_argument(
        "--only",
        type=_chosen,
        default=list(BENCHMARKS),
        metavar="NAME,…",
        help="some of them [default: all]: " + ", ".join(BENCHMARKS),
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser.parse_args()


def _chosen(text: str) -> list[str]:
    chosen = text.split(",")
    if strangers := set(chosen) - set(BENCHMARKS):
        raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(strangers))}")
    return chosen


async def _measure(
    bench: Bench, plan: Plan, chosen: list[str], console: Console
) -> tuple[dict[str, str], list[Outcome]]:
    found = []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("the machine", total=len(chosen))
        about = dict(await machine(bench))
        for name in chosen:
            run = BENCHMARKS[name]

            def on_step(step: str, name: str = name) -> None:
                progress.update(task, description=f"({name}) {step}")
                if not console.is_terminal:
                    console.print(f"({name}) {step}")

            found.append(await run(bench.apart(name), plan, on_step))
            if plan is FULL:
                # At once: what comes after may take long, or fail.
                _write(name, Record(datetime.now(UTC), about, found[-1]))
            progress.advance(task)
    return about, found


if __name__ == "__main__":
    main()
