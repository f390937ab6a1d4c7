"""An audit as a program of its own, for `amends replay`: JSON in lines on standard output, then an exit status."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import Any, Final

import orjson

from amends_notifier.audit import audit
from amends_platform.auditing import auditor_connection
from amends_platform.broker_address import BrokerAddress
from amends_platform.broker_connection import TROUBLE, connected
from amends_platform.failures import CannotReach, Failure
from amends_platform.settings import Settings

_PROGRESS_SECONDS: Final = 0.2


async def report_audit(settings: Settings) -> int:
    """Write {"progress": [stage, done, total]} now and then, and {"audit": {…}} at the end. Returns the exit status:
    0 when all was compared, whatever was found.
    """
    assert settings.database_url is not None
    address = BrokerAddress.of(settings)
    assert address is not None
    told_at = 0.0

    def on_progress(stage: str, done: int, total: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _PROGRESS_SECONDS or done == total:
            told_at = time.monotonic()
            _write({"progress": [stage, done, total]})

    try:
        async with connected(address, "amends-audit") as client:
            try:
                async with auditor_connection(settings.database_url) as conn:
                    found = await audit(conn, client.jetstream(), settings.tenant, on_progress)
            except TROUBLE as error:
                raise CannotReach(f"The broker went away: {error or type(error).__name__}") from error
    except Failure as failure:
        print(failure, file=sys.stderr)
        return failure.exit_code
    _write({"audit": asdict(found) | {"findings": [finding._asdict() for finding in found.findings]}})
    return 0


def _write(line: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()
