"""What was published, held against the log. The notifier knows what it says, so it is asked: as a program."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from amends_platform.failures import CannotReach, Failure
from amends_platform.replaying.differences import Difference
from amends_platform.settings import Settings

# The whole answer is one line, and findings may be many.
_LINE_BYTES_MAX: Final = 256 * 1_048_576
_NOBODY: Final = UUID(int=0)


@dataclass(frozen=True)
class MessagesCompared:
    """What the stream holds of what was to be published up to position `published`.

    `repeated` copies beyond the first, `older` messages that lack fields which this release adds, `forgotten` events
    of which the stream, which does not keep everything, no longer has a message.
    """

    published: int
    events: int
    checkpoints: int
    messages: int
    repeated: int
    older: int
    forgotten: int
    differences: tuple[Difference, ...]


async def compare_messages(settings: Settings, on_progress: Callable[[str, int, int], None]) -> MessagesCompared:
    """Compare all that the stream holds. `settings` name the database and the broker. Raises CannotReach, Failure."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "amends_notifier",
        "--audit",
        env=os.environ | settings.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES_MAX,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    complaining = asyncio.create_task(process.stderr.read())
    found: dict[str, Any] | None = None
    try:
        async for line in process.stdout:
            said = orjson.loads(line)
            if "progress" in said:
                on_progress(*said["progress"])
            else:
                found = said["audit"]
        status = await process.wait()
        complaint = (await complaining).decode(errors="replace").strip()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        complaining.cancel()
    if status != 0 or found is None:
        failure = CannotReach if status == CannotReach.exit_code else Failure
        raise failure(complaint or f"The notifier ended with status {status}.")
    findings = found.pop("findings")
    return MessagesCompared(**found, differences=tuple(map(_difference, findings)))


def _difference(finding: dict[str, Any]) -> Difference:
    case_id = _NOBODY if finding["case_id"] is None else UUID(finding["case_id"])
    reference = finding["reference"] or ("the messages" if finding["case_id"] is None else "")
    return Difference(reference, case_id, finding["position"], finding["what"])
