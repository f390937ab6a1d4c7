"""`amends verify`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import typer

from amends_platform.cli.client import AsJson

if TYPE_CHECKING:
    from amends_platform.verifying import Verified

_SHOWN_MAX: Final = 20


def verify(as_json: AsJson = False) -> None:
    """Check the log's integrity: positions and versions without a gap, and the hash of every event.

    Each event is hashed anew from what is stored. The first bad position is named, and the exit status is 1.
    """
    import asyncio

    verified = asyncio.run(_verified())
    first = verified.faults[0] if verified.faults else None
    if as_json:
        document = {
            "good": first is None,
            "events": verified.events,
            "cases": verified.streams,
            "head": verified.head,
            "first_bad_position": None if first is None else first.position,
            "faults": [fault._asdict() for fault in verified.faults],
            "seconds": round(verified.seconds, 3),
        }
        print(json.dumps(document, ensure_ascii=False))
    else:
        _report(verified)
    if first is not None:
        raise typer.Exit(1)


async def _verified() -> Verified:
    from amends_platform.auditing import auditor_connection
    from amends_platform.cli.progress import meter_of_stages
    from amends_platform.cli.settings import load_settings
    from amends_platform.owner import database_url_of
    from amends_platform.verifying import verify_log

    database_url = database_url_of(load_settings())
    async with auditor_connection(database_url) as conn, auditor_connection(database_url) as reader:
        with meter_of_stages({"verifying": "events"}) as on_progress:
            return await verify_log(conn, reader, lambda done, total: on_progress("verifying", done, total))


def _report(verified: Verified) -> None:
    from amends_platform.cli.progress import per_second

    took = f"({verified.seconds:.1f} s, {per_second(verified.events, verified.seconds)} events/s)"
    if not verified.faults:
        print(
            f"{verified.events:,} events of {verified.streams:,} cases: positions and versions without a gap, "
            f"every hash right  {took}"
        )
        return
    print(f"The log is bad from position {verified.faults[0].position:,} on.")
    for fault in verified.faults[:_SHOWN_MAX]:
        print(f"  position {fault.position:,}: {fault.what}")
    if len(verified.faults) > _SHOWN_MAX:
        print(f"  … and more; --json lists the first {len(verified.faults)}")
