"""`amends replay`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from amends_platform.cli.client import AsJson

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg

    from amends_platform.replaying.replays import Replayed

_SHOWN_MAX: Final = 50

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="T", help="As it was known at T, such as 2026-03-01T09:00+08:00."),
]


def replay(
    as_of: AsOf = None,
    case: Annotated[
        str | None, typer.Option("--case", metavar="ID", help="Only this case: its id or its reference.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replay the log through the state machine, and compare with the live state: cases, deadlines, timers.

    Every reminder and breach in the log must be one that the policies then in force called for. Any difference is
    named, and the exit status is 1. With --as-of nothing is compared: it tells how the cases stood.
    """
    import asyncio

    from amends_platform.cli.instants import instant

    replayed = asyncio.run(_replayed(case, instant(as_of, "--as-of") if as_of is not None else None))
    compared = as_of is None
    if as_json:
        print(json.dumps(_document(replayed, compared=compared), ensure_ascii=False))
    else:
        _report(replayed, compared=compared)
    if replayed.differences:
        raise typer.Exit(1)


async def _replayed(case: str | None, at: datetime | None) -> Replayed:
    from amends_domain.clocks import UnknownPolicy
    from amends_platform.auditing import auditor_connection
    from amends_platform.cli.progress import meter_of_stages
    from amends_platform.cli.settings import load_settings
    from amends_platform.failures import Failure
    from amends_platform.owner import database_url_of
    from amends_platform.replaying.replays import replay_and_compare, replay_as_of, replay_case

    settings = load_settings()
    database_url = database_url_of(settings)
    async with auditor_connection(database_url) as conn, auditor_connection(database_url) as reader:
        try:
            if case is not None:
                return await replay_case(conn, await _case_id(conn, settings.tenant, case), at)
            with meter_of_stages({"replaying": "events", "comparing": "cases"}) as on_progress:
                if at is not None:
                    return await replay_as_of(conn, reader, at, on_progress)
                return await replay_and_compare(conn, reader, on_progress)
        except UnknownPolicy as error:
            raise Failure(f"Events were judged by the policy {error}, which the database does not have.") from error


async def _case_id(conn: asyncpg.Connection, tenant: str, name: str) -> Any:
    from amends_platform.cases import Cases
    from amends_platform.failures import WrongUsage

    case_id = await Cases(conn, tenant).id_of(name)
    if case_id is None:
        raise WrongUsage(f"There is no case {name}.")
    return case_id


def _report(replayed: Replayed, *, compared: bool) -> None:
    from amends_platform.cli.progress import per_second

    counted = f"{_count(replayed.events, 'event')}, {_count(replayed.cases, 'case')}"
    took = f"({replayed.seconds:.1f} s; replayed {per_second(replayed.events, replayed.folding_seconds)} events/s)"
    for difference in replayed.differences[:_SHOWN_MAX]:
        print(difference)
    if len(replayed.differences) > _SHOWN_MAX:
        print(f"… and {len(replayed.differences) - _SHOWN_MAX:,} more; --json lists them all")
    if replayed.differences:
        print(f"{counted}: {_count(len(replayed.differences), 'difference')}  {took}")
    elif compared:
        print(f"{counted}: live state and replayed state are identical  {took}")
    else:
        print(f"{counted} up to position {replayed.position:,}  {took}")
        for state, cases in sorted(replayed.states.items()):
            print(f"  {state:<20} {cases:>9,}")


def _document(replayed: Replayed, *, compared: bool) -> dict[str, Any]:
    return {
        "events": replayed.events,
        "cases": replayed.cases,
        "position": replayed.position,
        "states": replayed.states,
        "identical": not replayed.differences if compared else None,
        "differences": [
            difference._asdict() | {"case_id": str(difference.case_id)} for difference in replayed.differences
        ],
        "seconds": round(replayed.seconds, 3),
        "events_per_second": round(replayed.events / replayed.folding_seconds) if replayed.folding_seconds else 0,
    }


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
