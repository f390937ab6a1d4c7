"""`amends policy publish`, `list`, `rehearse` and `retime`: a policy from draft to force."""

from __future__ import annotations

import asyncio
import getpass
import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from amends_platform.cli.client import AsJson, Key, Url
from amends_platform.cli.policy import load

if TYPE_CHECKING:
    from datetime import datetime

    from amends_domain.policy import Policy
    from amends_platform.clients import Address
    from amends_platform.policy.files import LoadedPolicy
    from amends_platform.policy.publishing import Publication
    from amends_platform.policy.rehearsing import Changed, Outcome, Rehearsed
    from amends_platform.policy.retiming import Retimed

_SHOWN_MAX: Final = 50

File = Annotated[str, typer.Argument(help="A policy file, or the name of a built-in policy.")]


def publish(file: File, as_json: AsJson = False) -> None:
    """Put a policy in force: for new decisions and the clocks they start, from its effective_from on.

    What has happened stays as it was judged. Clocks that run keep their times: `amends policy retime` moves them.
    """
    loaded = load(file, as_json=as_json)
    policy = asyncio.run(_publish(loaded))
    if as_json:
        print(json.dumps(_named(policy)))
    else:
        print(f"{policy.name} version {policy.version} is in force from {policy.effective_from}  {policy.hash}")


async def _publish(loaded: LoadedPolicy) -> Policy:
    from amends_platform.cli.settings import load_settings
    from amends_platform.owner import database_url_of, owner_connection
    from amends_platform.policy.publishing import publish as put_in_force

    settings = load_settings()
    async with owner_connection(database_url_of(settings)) as conn:
        return await put_in_force(conn, settings.tenant, loaded, f"cli:{getpass.getuser()}")


def list_(as_json: AsJson = False) -> None:
    """What was published when, the latest first."""
    published = asyncio.run(_published())
    if as_json:
        told = [each._asdict() | {"published_at": each.published_at.isoformat()} for each in published]
        print(json.dumps(told, ensure_ascii=False, indent=2))
        return
    from amends_platform.cli.tables import local_time, output, print_table

    rows = [
        (
            each.name,
            str(each.version),
            each.effective_from,
            local_time(each.published_at.isoformat()),
            each.published_by,
            each.hash[:12],
        )
        for each in published
    ]
    print_table(output(), ("POLICY", "VERSION", "EFFECTIVE FROM", "PUBLISHED", "BY", "HASH"), rows)


async def _published() -> list[Publication]:
    from amends_platform.auditing import auditor_connection
    from amends_platform.cli.settings import load_settings
    from amends_platform.owner import database_url_of
    from amends_platform.policy.publishing import publications

    settings = load_settings()
    async with auditor_connection(database_url_of(settings)) as conn:
        return await publications(conn, settings.tenant)


def rehearse(
    file: File,
    since: Annotated[
        str,
        typer.Option("--since", metavar="T", help="Judge what was recorded from then on, such as 2026-03-01 or 30d."),
    ],
    as_json: AsJson = False,
) -> None:
    """Replay history under a draft: what would have been breached, or met, had it been in force. Changes nothing."""
    from amends_platform.cli.instants import instant

    loaded = load(file, as_json=as_json)
    at = instant(since, "--since", ago=True)
    found = asyncio.run(_rehearsed(loaded.policy, at))
    if as_json:
        print(json.dumps(_document(loaded.policy, at, found), ensure_ascii=False))
    else:
        _report(loaded.policy, found)


async def _rehearsed(draft: Policy, since: datetime) -> Rehearsed:
    from amends_platform.auditing import auditor_connection
    from amends_platform.cli.progress import meter
    from amends_platform.cli.settings import load_settings
    from amends_platform.owner import database_url_of
    from amends_platform.policy.rehearsing import rehearse as rehearsal

    settings = load_settings()
    async with auditor_connection(database_url_of(settings)) as conn:
        with meter("rehearsing", "cases", 0) as shown:
            return await rehearsal(conn, settings.tenant, draft, since, shown.reach)


def _report(draft: Policy, found: Rehearsed) -> None:
    from amends_platform.cli.tables import output, print_table

    console = output()
    # Clocks that only come or go are counted below; what they would have come to is news.
    telling = [change for change in found.changes if change.is_outcome]
    if telling:
        rows = [
            (change.reference, _clock(change), _told(change.was), _told(change.would_be))
            for change in telling[:_SHOWN_MAX]
        ]
        print_table(console, ("CASE", "CLOCK", "WAS", "WOULD BE"), rows)
        if len(telling) > _SHOWN_MAX:
            print(f"… and {len(telling) - _SHOWN_MAX:,} more; --json lists them all")
        print()
    if found.changes:
        for (clock, was, would_be), count in sorted(found.counts.items()):
            print(f"  {clock:<24} {was:>9} → {would_be:<9} {count:>7,}")
    print(
        f"{draft.name} version {draft.version} on {found.cases:,} cases, {found.clocks:,} clocks: "
        f"{len(found.changes):,} would end otherwise, {found.moved:,} would be due at another time and end alike"
    )


def _clock(change: Changed) -> str:
    number = "" if change.number is None else f" {change.number}"
    cycle = "" if change.cycle == 1 else f" (cycle {change.cycle})"
    return f"{change.clock}{number}{cycle}"


def _told(outcome: Outcome | None) -> str:
    from amends_platform.cli.tables import local_time

    return "–" if outcome is None else f"{outcome.verdict}, due {local_time(outcome.due_at.isoformat())}"


def _document(draft: Policy, since: datetime, found: Rehearsed) -> dict[str, Any]:
    return {
        **_named(draft),
        "since": since.isoformat(),
        "cases": found.cases,
        "clocks": found.clocks,
        "moved": found.moved,
        "counts": [
            {"clock": clock, "was": was, "would_be": would_be, "count": count}
            for (clock, was, would_be), count in sorted(found.counts.items())
        ],
        "changes": [
            {
                "case_id": str(change.case_id),
                "reference": change.reference,
                "clock": change.clock,
                "cycle": change.cycle,
                "number": change.number,
                "was": _outcome(change.was),
                "would_be": _outcome(change.would_be),
            }
            for change in found.changes
        ],
    }


def _outcome(outcome: Outcome | None) -> dict[str, str] | None:
    return None if outcome is None else {"verdict": outcome.verdict, "due_at": outcome.due_at.isoformat()}


def _named(policy: Policy) -> dict[str, Any]:
    return {"policy": policy.name, "version": policy.version, "hash": policy.hash}


def retime(
    reason: Annotated[str, typer.Option("--reason", help="Why clocks that run are moved: it is kept with each.")],
    clock: Annotated[str | None, typer.Option("--clock", help="Only this clock [default: every clock].")] = None,
    provisional: Annotated[
        bool, typer.Option("--provisional", help="Only deadlines that rested on days off not published then.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which deadlines would be asked for.")] = False,
    intake: Url = None,
    workflow: Annotated[str | None, typer.Option("--workflow-url", metavar="U", help="The workflow's address.")] = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Judge clocks that run by the policy in force now: one event for each that moves.

    Clocks whose time was agreed or promised stay; what is past its time is never moved. Can be run again.
    """
    from amends_platform.cli.client import address

    asked = (
        address("workflow", workflow, key, role="department_head"),
        address("intake", intake, key, role="department_head"),
    )
    found = asyncio.run(_retimed(asked, reason, clock, provisional=provisional, dry_run=dry_run))
    if as_json:
        print(json.dumps(found._asdict(), ensure_ascii=False))
        return
    for line in found.moved:
        print(line)
    for line in found.refused:
        print(f"refused: {line}")
    what = "would be asked for" if dry_run else "looked at"
    print(
        f"{found.deadlines:,} deadlines {what}, {len(found.moved):,} moved, {found.unchanged:,} due as before, "
        f"{len(found.refused):,} refused"
    )
    if found.refused:
        raise typer.Exit(1)


async def _retimed(
    asked: tuple[Address, Address], reason: str, clock: str | None, *, provisional: bool, dry_run: bool
) -> Retimed:
    from amends_platform.cli.progress import meter
    from amends_platform.policy.retiming import retime as move

    with meter("re-timing", "deadlines", 0) as shown:
        return await move(
            *asked, reason=reason, clock=clock, provisional=provisional, dry_run=dry_run, on_progress=shown.reach
        )
