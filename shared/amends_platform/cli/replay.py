"""`amends replay`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from amends_platform.cli.client import AsJson
from amends_platform.cli.counting import counted

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from amends_platform.replaying.messages import MessagesCompared
    from amends_platform.replaying.replays import Replayed
    from amends_platform.replaying.report import Report
    from amends_platform.settings import Settings

_SHOWN_MAX: Final = 50
_STAGES: Final = {"replaying": "events", "comparing": "cases", "fetching": "messages", "matching": "events"}
_REPORTS: Final = (".html", ".json")

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="T", help="As it was known at T, such as 2026-03-01T09:00+08:00."),
]


class _Asked(NamedTuple):
    """What is to be replayed: one case or all, up to a time or to now, with messages (None: if that is possible)."""

    case: str | None
    at: datetime | None
    messages: bool | None


def replay(
    as_of: AsOf = None,
    case: Annotated[
        str | None, typer.Option("--case", metavar="ID", help="Only this case: its id or its reference.")
    ] = None,
    messages: Annotated[
        bool | None,
        typer.Option("--messages/--no-messages", help="What was published, too [default: if there is a broker]."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write a report to keep: FILE.html or FILE.json.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replay the log through the state machine, and compare with what was recorded: cases, deadlines, timers, messages.

    Every reminder and breach in the log must be one that the policies then in force called for, and every message one
    that the log says must have been published. Any difference is named, and the exit status is 1. With --as-of nothing
    is compared: it tells how the cases stood.
    """
    import asyncio

    from amends_platform.cli.instants import instant
    from amends_platform.cli.outputs import check_output
    from amends_platform.failures import WrongUsage

    if messages and (case is not None or as_of is not None):
        raise WrongUsage("--messages: messages are compared for the whole log, as it is now.")
    if report is not None and report.suffix not in _REPORTS:
        raise WrongUsage(f"--report: expected a file that ends in {' or '.join(_REPORTS)}, not {report.name}")
    if report is not None:
        check_output(report, "--report")
    at = instant(as_of, "--as-of", ago=True) if as_of is not None else None
    made = asyncio.run(_report(_Asked(case, at, messages), to_keep=report is not None))
    if report is not None:
        _keep(made, report)
    if as_json:
        print(json.dumps(_document(made), ensure_ascii=False))
    else:
        _tell(made)
    if made.replayed.differences:
        raise typer.Exit(1)


async def _report(asked: _Asked, *, to_keep: bool) -> Report:
    from datetime import UTC, datetime
    from importlib.metadata import version

    from amends_domain.clocks import UnknownPolicy
    from amends_platform.auditing import auditor_connection
    from amends_platform.cli.progress import meter_of_stages
    from amends_platform.cli.settings import load_settings
    from amends_platform.failures import Failure
    from amends_platform.owner import database_url_of
    from amends_platform.replaying.report import Report, checkpoint_of_replay, events_told, policies_used

    settings = load_settings()
    database_url = database_url_of(settings)
    async with auditor_connection(database_url) as conn, auditor_connection(database_url) as reader:
        case_id = None if asked.case is None else await _case_id(conn, settings.tenant, asked.case)
        with meter_of_stages(_STAGES) as on_progress:
            try:
                replayed = await _replayed(conn, reader, case_id, asked.at, on_progress)
            except UnknownPolicy as error:
                raise Failure(f"Events were judged by the policy {error}, which the database does not have.") from error
            compared = await _messages(settings, asked, on_progress)
        if not isinstance(compared, str):
            replayed.differences.extend(compared.differences)
        return Report(
            subject=_subject(asked),
            replayed=replayed,
            compared=asked.at is None,
            messages=compared,
            policies=await policies_used(conn, replayed.position, case_id) if to_keep else (),
            events=await events_told(conn, replayed.differences) if to_keep else {},
            checkpoint=await checkpoint_of_replay(conn, replayed.position) if to_keep else None,
            made_at=datetime.now(UTC),
            made_by=f"amends {version('amends')}",
        )


async def _replayed(
    conn: asyncpg.Connection,
    reader: asyncpg.Connection,
    case_id: UUID | None,
    at: datetime | None,
    on_progress: Callable[[str, int, int], None],
) -> Replayed:
    from amends_platform.replaying.replays import replay_and_compare, replay_as_of, replay_case

    if case_id is not None:
        return await replay_case(conn, case_id, at)
    if at is not None:
        return await replay_as_of(conn, reader, at, on_progress)
    return await replay_and_compare(conn, reader, on_progress)


async def _messages(
    settings: Settings, asked: _Asked, on_progress: Callable[[str, int, int], None]
) -> MessagesCompared | str:
    """What came of comparing the messages, or why they were not compared. Raises CannotReach if they had to be."""
    from amends_platform.cli.settings import running_here
    from amends_platform.failures import CannotReach
    from amends_platform.owner import database_url_of
    from amends_platform.replaying.messages import compare_messages

    if asked.case is not None or asked.at is not None:
        return "they are for the whole log, as it is now"
    if asked.messages is False:
        return "nobody asked for it"
    running = running_here(settings)
    nats_url = settings.nats_url or (running.nats_url if running is not None else None)
    try:
        if nats_url is None:
            raise CannotReach("no broker is known: set AMENDS_NATS_URL.")
        urls = {"database_url": database_url_of(settings), "nats_url": nats_url}
        return await compare_messages(settings.model_copy(update=urls), on_progress)
    except CannotReach as unreachable:
        if asked.messages:
            raise
        return str(unreachable)


async def _case_id(conn: asyncpg.Connection, tenant: str, name: str) -> Any:
    from amends_platform.cases import Cases
    from amends_platform.failures import WrongUsage

    case_id = await Cases(conn, tenant).id_of(name)
    if case_id is None:
        raise WrongUsage(f"There is no case {name}.")
    return case_id


def _subject(asked: _Asked) -> str:
    what = "the whole log" if asked.case is None else f"case {asked.case}"
    return what if asked.at is None else f"{what} as it was known at {asked.at.isoformat()}"


def _keep(report: Report, path: Path) -> None:
    from amends_platform.failures import Failure
    from amends_platform.files import write_private
    from amends_platform.replaying.report import document_of
    from amends_platform.replaying.report_html import html_of

    if path.suffix == ".html":
        kept = html_of(report).decode()
    else:
        kept = json.dumps(document_of(report), ensure_ascii=False, indent=2) + "\n"
    try:
        write_private(path, kept)
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}.") from error


def _tell(report: Report) -> None:
    from amends_platform.cli.progress import per_second

    replayed = report.replayed
    read = f"{counted(replayed.events, 'event')}, {counted(replayed.cases, 'case')}"
    took = f"({replayed.seconds:.1f} s; replayed {per_second(replayed.events, replayed.folding_seconds)} events/s)"
    for difference in replayed.differences[:_SHOWN_MAX]:
        print(difference)
    if len(replayed.differences) > _SHOWN_MAX:
        print(f"… and {len(replayed.differences) - _SHOWN_MAX:,} more; --json lists them all")
    if replayed.differences:
        print(f"{read}: {counted(len(replayed.differences), 'difference')}  {took}")
    elif report.compared:
        print(f"{read}: live state and replayed state are identical  {took}")
    else:
        print(f"{read} up to position {replayed.position:,}  {took}")
        for state, cases in sorted(replayed.states.items()):
            print(f"  {state:<20} {cases:>9,}")
    if report.compared:
        _tell_messages(report.messages)


def _tell_messages(messages: MessagesCompared | str) -> None:
    if isinstance(messages, str):
        print(f"messages: not compared: {messages}")
        return
    told = [f"{counted(messages.messages, 'message')} compared with what was to be published"]
    if messages.repeated:
        told.append(f"{messages.repeated:,} repeats")
    if messages.older:
        told.append(f"{messages.older:,} of an older release")
    if messages.forgotten:
        told.append(f"of {counted(messages.forgotten, 'event')} the stream has none any more")
    if not messages.differences:
        told.append("nothing differs")
    print(f"messages: {'; '.join(told)}")


def _document(report: Report) -> dict[str, Any]:
    from amends_platform.replaying.report import differences_document, messages_document

    replayed = report.replayed
    return {
        "events": replayed.events,
        "cases": replayed.cases,
        "position": replayed.position,
        "states": replayed.states,
        "compared": replayed.compared,
        "messages": messages_document(report.messages),
        "identical": not replayed.differences if report.compared else None,
        "differences": differences_document(replayed),
        "seconds": round(replayed.seconds, 3),
        "events_per_second": round(replayed.events / replayed.folding_seconds) if replayed.folding_seconds else 0,
    }
