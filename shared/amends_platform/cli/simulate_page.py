"""What a simulation is told as: tables with bars at a terminal, or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from amends_platform.cli.counting import counted
from amends_platform.cli.tables import output, print_table
from amends_platform.simulation.tally import BranchSeen, ClockSeen, Load, Peak, Seen

_BAR: Final = 24


def tell(played: Sequence[Seen], first: date, months: int, seed: int, took_seconds: float) -> None:
    """One simulation, or a second one beside it."""
    seen, *others = played
    other = others[0] if others else None
    events = sum(each.load.events for each in played)
    print(
        f"{' and '.join(_named(each) for each in played)}: {counted(months, 'month')} from {first:%B %Y}, seed {seed}\n"
        f"{sum(each.cases for each in played):,} cases and {events:,} events in {took_seconds:,.1f} s"
    )
    print()
    _branches(seen, other)
    print()
    _clocks(seen, other)
    print()
    _months(seen)
    print()
    for each in played:
        _load(each)


def document(played: Sequence[Seen], first: date, months: int, seed: int) -> None:
    """All of it as one JSON object."""
    told = {"first_day": first.isoformat(), "months": months, "seed": seed, "simulations": [_told(e) for e in played]}
    print(json.dumps(told, ensure_ascii=False))


def _branches(seen: Seen, other: Seen | None) -> None:
    """The second's share that was kept in time stands beside the first's: the same people came."""
    beside = {} if other is None else {each.branch: each for each in other.branches}
    columns = ["BRANCH", "RECORDS", "OPEN", "MOST OPEN", "LATE", "IN TIME", "ALERTS A DAY", "SATISFIED", "OVER QUOTA"]
    columns += [] if other is None else [f"IN TIME {_version(other)}"]
    rows = [
        [
            each.branch,
            f"{each.records:,}",
            f"{each.open:,}",
            f"{each.open_most:,}",
            f"{each.breached:,}",
            _percent(each.met, each.met + each.breached),
            f"{sum(each.alerts.values()) / max(1, seen.business_days):.1f}",
            _percent(each.satisfied, each.asked),
            "–" if each.months_over is None else f"{each.months_over} months",
            *(() if other is None else (_kept(beside.get(each.branch)),)),
        ]
        for each in seen.branches
        if each.records
    ]
    _print(columns, rows, give_up=(8, 3, 7))


def _clocks(seen: Seen, other: Seen | None) -> None:
    beside = {} if other is None else {each.clock: each for each in other.clocks}
    every = {each.clock: each for each in (*beside.values(), *seen.clocks)}
    own = {each.clock: each for each in seen.clocks}
    more = () if other is None else (f"RUNS {_version(other)}", f"LATE {_version(other)}", "IN TIME")
    rows = []
    for clock in sorted(every):
        row = [f"{clock} (the customer's)" if every[clock].is_customers else clock, *_ran(own.get(clock))]
        rows.append(row + ([] if other is None else _ran(beside.get(clock))))
    _print(["CLOCK", "RUNS", "LATE", "IN TIME", *more], rows)


def _ran(clock: ClockSeen | None) -> list[str]:
    if clock is None:
        return ["–", "–", "–"]
    runs = clock.met + clock.breached + clock.cancelled + clock.running
    return [f"{runs:,}", f"{clock.breached:,}", _percent(clock.met, clock.met + clock.breached)]


def _months(seen: Seen) -> None:
    most = max((each.open for each in seen.months), default=0)
    rows: list[list[str]] = []
    for each in seen.months:
        bar = "█" * round(_BAR * each.open / most) if most else ""
        rows.append([f"{each.month:%Y-%m}", f"{each.records:,}", f"{each.closed:,}", f"{each.breached:,}"])
        rows[-1] += [f"{each.open:,}", bar]
    _print(["MONTH", "CAME", "CLOSED", "LATE", "OPEN", ""], rows)


def _load(seen: Seen) -> None:
    load = seen.load
    print(
        f"{_named(seen)}: {load.events / max(1, seen.cases):.1f} events a case, {load.by_itself:,} of "
        f"{load.events:,} by timers and links; in the busiest hour {_peak(load.busiest_hour)}, "
        f"in the busiest second {load.busiest_second.events:,}"
    )
    refused = ", ".join(f"{code} {count:,}" for code, count in seen.refused.items())
    print(f"  commands refused: {refused or 'none'}; mass incidents: {sum(each.incidents for each in seen.branches):,}")


def _peak(peak: Peak) -> str:
    return f"{peak.events:,}" if peak.at is None else f"{peak.events:,} ({peak.at:%Y-%m-%d %H:%M} UTC)"


def _print(columns: list[str], rows: list[list[str]], *, give_up: Sequence[int] = ()) -> None:
    """Figures stand under one another, under the end of their heading; names, and bars, begin together."""
    for number, column in enumerate(columns):
        if number and column:
            width = max(len(row[number]) for row in [columns, *rows])
            for row in [columns, *rows]:
                row[number] = row[number].rjust(width)
    print_table(output(), columns, rows, give_up=give_up)


def _kept(branch: BranchSeen | None) -> str:
    return "–" if branch is None else _percent(branch.met, branch.met + branch.breached)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _named(seen: Seen) -> str:
    return f"{seen.policy.name} version {seen.policy.version}"


def _version(seen: Seen) -> str:
    return f"{seen.policy.name} v{seen.policy.version}"


def _told(seen: Seen) -> dict[str, Any]:
    policy = seen.policy
    return {
        "policy": policy.name,
        "version": policy.version,
        "hash": policy.hash,
        "cases": seen.cases,
        "business_days": seen.business_days,
        "branches": [asdict(each) for each in seen.branches],
        "clocks": [asdict(each) for each in seen.clocks],
        "months": [asdict(each) | {"month": f"{each.month:%Y-%m}"} for each in seen.months],
        "load": _told_load(seen.load),
        "refused": dict(seen.refused),
    }


def _told_load(load: Load) -> dict[str, Any]:
    return {
        "events": load.events,
        "by_itself": load.by_itself,
        "busiest_hour": _told_peak(load.busiest_hour),
        "busiest_second": _told_peak(load.busiest_second),
    }


def _told_peak(peak: Peak) -> dict[str, Any]:
    return {"at": None if peak.at is None else peak.at.isoformat(), "events": peak.events}
