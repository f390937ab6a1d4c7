"""`amends verify`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from amends_platform.cli.client import AsJson
from amends_platform.cli.counting import counted

if TYPE_CHECKING:
    from amends_platform.settings import Settings
    from amends_platform.verifying.log import Request, Verified

_SHOWN_MAX: Final = 20


def verify(
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="VKEY|FILE",
            help="The public key that checkpoints are signed with; by default this system's, and those that it signed "
            "with before. May be given several times: one of them must have signed each.",
        ),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE|DIR",
            help="A checkpoint, or a directory of them, that was exported earlier. May be given several times.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, metavar="N", help="How many processes read side by side; default: one a core."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="FILE", help="Go on from where FILE says; keep notes in it until the end."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the log's integrity: every event against its hash, the hashes against the tree, the tree against what was
    signed.

    Each event is hashed anew from what is stored. Positions and versions have no gap, and no signed checkpoint says
    otherwise: neither those in the database nor those kept elsewhere, which alone tell of a log that was rewritten
    from beginning to end. The first bad position is named, and the exit status is 1.
    """
    import asyncio

    from amends_platform.cli.settings import load_settings

    request = _request(load_settings(), key or [], checkpoint or [], jobs or os.cpu_count() or 1, resume)
    verified = asyncio.run(_verified(request))
    if as_json:
        print(json.dumps(_document(request, verified), ensure_ascii=False))
    else:
        _report(request, verified)
    if verified.faults:
        raise typer.Exit(1)


def _request(settings: Settings, keys: list[str], given: list[Path], jobs: int, resume: Path | None) -> Request:
    from amends_platform.cli.settings import of_this_machine
    from amends_platform.evidence.signing_key import last_file_of
    from amends_platform.owner import database_url_of
    from amends_platform.verifying.claims import claims_from, holds_checkpoints, own_public_keys, public_key
    from amends_platform.verifying.log import Request

    database_url = database_url_of(settings)
    settings = of_this_machine(settings)
    signing_key = settings.signing_key_path
    used = [public_key(key) for key in keys] or own_public_keys(signing_key)
    # What the system itself keeps outside of the database.
    kept = [last_file_of(signing_key), *([] if settings.checkpoint_dir is None else [settings.checkpoint_dir])]
    paths = [*given, *(path for path in kept if holds_checkpoints(path))]
    claims = tuple(claim for path in paths for claim in claims_from(path, used))
    return Request(database_url, used, claims, jobs, resume)


async def _verified(request: Request) -> Verified:
    from amends_platform.cli.progress import meter_of_stages
    from amends_platform.verifying.log import verify_log

    with meter_of_stages({"verifying": "events"}) as on_progress:
        return await verify_log(request, lambda done, total: on_progress("verifying", done, total))


def _report(request: Request, verified: Verified) -> None:
    from amends_platform.cli.progress import per_second

    for remark in _remarks(request, verified):
        print(remark)
    if not verified.faults:
        read = verified.head - (verified.resumed.position if verified.resumed else 0)
        took = f"({verified.seconds:.1f} s, {per_second(read, verified.seconds)} events/s)"
        print(
            f"{counted(verified.head, 'event')} of {counted(verified.streams, 'case')}: positions and versions "
            f"without a gap, every hash right; {_checkpoints(verified)}  {took}"
        )
        return
    print(_verdict(request, verified))
    for fault in verified.faults[:_SHOWN_MAX]:
        where = f"position {fault.position:,}" if fault.until is None else f"from {fault.position:,} to {fault.until:,}"
        print(f"  {where}: {fault.what}")
    if len(verified.faults) > _SHOWN_MAX:
        print(f"  … and more; --json lists the first {len(verified.faults)}")


def _verdict(request: Request, verified: Verified) -> str:
    from amends_platform.verifying.claims import NOT_SIGNED

    if not request.keys or any(NOT_SIGNED not in fault.what for fault in verified.faults):
        return f"The log is bad from position {verified.faults[0].position:,} on."
    of_them = f"{verified.refuted:,} of {counted(verified.checkpoints, 'checkpoint')}"
    # A key that is the wrong one looks the same as a log that somebody made anew, and signed.
    all_of_them = verified.refuted == verified.checkpoints
    why = (
        "it is not this log's, or they were forged"
        if all_of_them
        else "what it did not sign is spoilt, or forged, or signed with an earlier key, which --key may name as well"
    )
    if len(request.keys) == 1:
        return f"The events hold together, but the key {request.keys[0].vkey} did not sign {of_them}: {why}."
    vkeys = ", ".join(key.vkey for key in request.keys)
    return f"The events hold together, but none of the keys {vkeys} signed {of_them}: {why}."


def _checkpoints(verified: Verified) -> str:
    if not verified.checkpoints:
        return "no checkpoint has been signed yet"
    if verified.checkpoints == 1:
        return f"1 checkpoint holds, of {counted(verified.vouched, 'event')}"
    return f"{verified.checkpoints:,} checkpoints hold, the last one of {counted(verified.vouched, 'event')}"


def _remarks(request: Request, verified: Verified) -> list[str]:
    """What was not looked at."""
    remarks = []
    if not request.keys:
        remarks.append("No signature was checked: there is no signing key here, and no --key was given.")
    if not request.given:
        remarks.append(
            "Only the database's own checkpoints were looked at. Whoever rewrites the log can rewrite them too: keep "
            "exported ones elsewhere, and give them with --checkpoint."
        )
    if verified.resumed is not None:
        remarks.append(
            f"The first {verified.resumed.position:,} events were read by {verified.resumed.noted_at:%Y-%m-%d %H:%M} "
            "UTC, before an interruption, and not again."
        )
    return remarks


def _document(request: Request, verified: Verified) -> dict[str, Any]:
    first = verified.faults[0] if verified.faults else None
    resumed = verified.resumed
    return {
        "good": first is None,
        "events": verified.head,
        "cases": verified.streams,
        "head": verified.head,
        "first_bad_position": None if first is None else first.position,
        "faults": [fault._asdict() for fault in verified.faults],
        "checkpoints": {
            "looked_at": verified.checkpoints,
            "refuted": verified.refuted,
            "kept_elsewhere": len(request.given),
            "vouched_up_to": verified.vouched,
            "key": request.keys[0].vkey if request.keys else None,
            "keys": [key.vkey for key in request.keys],
        },
        "read_before": None if resumed is None else {"up_to": resumed.position, "at": resumed.noted_at.isoformat()},
        "seconds": round(verified.seconds, 3),
    }
