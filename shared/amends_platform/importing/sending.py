"""Sending rows through intake, many at a time, each until it is known what became of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Iterator
from enum import Enum
from typing import Final, NamedTuple

import orjson
import stamina
import stamina.instrumentation

from amends_platform.clients import Address, code_of, explain, unreachable
from amends_platform.failures import CannotReach, Failure, WrongUsage
from amends_platform.importing.rows import BadRow, Row
from amends_platform.importing.wire import Answer, Lost, Wire

# One row is tried again for this long: longer than a service or its database takes to start again.
_TRY_SECONDS_MAX: Final = 60.0
_TRY_AGAIN: Final = frozenset({429, 502, 503, 504})
_RETRY_AFTER_SECONDS_MAX: Final = 30.0
# These say that no row of this sender will ever be taken, not that this one is bad.
_NOT_ADMITTED: Final = frozenset({"role-not-allowed", "other-tenant"})


class Fate(Enum):
    """What became of a row."""

    RECORDED = "recorded"
    ALREADY_RECORDED = "already recorded"
    REJECTED = "rejected"


class Settled(NamedTuple):
    """A row whose fate is known. `reason` is empty unless it was rejected."""

    row: Row
    fate: Fate
    reason: str


class _TryAgain(CannotReach):
    """Intake asks to wait; or it was lost, and only a repeat can tell what came of the row."""

    def __init__(self, told: str, wait_seconds: float | None) -> None:
        super().__init__(told)
        self.wait_seconds = wait_seconds


async def send(rows: Iterator[Row], where: Address, *, in_flight_max: int) -> AsyncIterator[Settled]:
    """Every row, in the order of the file, with what became of it.

    Raises CannotReach when intake stays away, WrongUsage when it does not admit the sender, Failure when what
    answers is no intake. Rows given before that are settled; those in flight may be recorded, and a second import
    recognises them.
    """
    # Its hooks would log each wait; the progress bar says enough.
    stamina.instrumentation.set_on_retry_hooks([])
    wire = Wire(where.url, where.key)
    in_flight: deque[asyncio.Task[Settled]] = deque()
    try:
        for row in rows:
            in_flight.append(asyncio.create_task(_settle(row, wire, where.url)))
            if len(in_flight) >= in_flight_max:
                yield await in_flight.popleft()
        while in_flight:
            yield await in_flight.popleft()
    finally:
        for task in in_flight:
            task.cancel()
        await asyncio.gather(*in_flight, return_exceptions=True)
        wire.close()


async def _settle(row: Row, wire: Wire, url: str) -> Settled:
    if isinstance(row.body, BadRow):
        return Settled(row, Fate.REJECTED, str(row.body))
    body = orjson.dumps(row.body)
    async for attempt in stamina.retry_context(
        on=_wait_of, attempts=None, timeout=_TRY_SECONDS_MAX, wait_initial=0.1, wait_max=2.0, wait_jitter=0.2
    ):
        with attempt:
            return _fate(row, await _post(body, wire, url), url)
    raise AssertionError("unreachable: the last attempt returns or raises")


async def _post(body: bytes, wire: Wire, url: str) -> Answer:
    # The key is of the whole request, so that the same row is always the same request.
    key = f"import-{hashlib.sha256(body).hexdigest()}"
    try:
        answer = await wire.post("/v1/complaints", body, idempotency_key=key)
    except Lost as error:
        raise _TryAgain(str(unreachable(url, str(error))), None) from error
    if answer.status in _TRY_AGAIN:
        told = f"Intake cannot take complaints: {explain(answer.status, answer.body)}"
        raise _TryAgain(told, _retry_after(answer))
    return answer


def _fate(row: Row, answer: Answer, url: str) -> Settled:
    if answer.status == 201:
        is_repeat = answer.headers.get("idempotent-replayed") == "true"
        return Settled(row, Fate.ALREADY_RECORDED if is_repeat else Fate.RECORDED, "")
    code, told = code_of(answer.body), explain(answer.status, answer.body)
    if code == "already-recorded":
        return Settled(row, Fate.ALREADY_RECORDED, "")
    if answer.status == 401 or code in _NOT_ADMITTED:
        raise WrongUsage(f"Intake takes no complaints with this key: {told}")
    if not code or answer.status in (404, 405):
        raise Failure(f"What answers at {url} is no Amends intake (status {answer.status}).")
    return Settled(row, Fate.REJECTED, told)


def _wait_of(error: Exception) -> bool | float:
    if not isinstance(error, _TryAgain):
        return False
    return True if error.wait_seconds is None else error.wait_seconds


def _retry_after(answer: Answer) -> float | None:
    """The seconds asked for. A date, which is allowed too, comes from no server of ours."""
    value = answer.headers.get("retry-after", "")
    return min(float(value), _RETRY_AFTER_SECONDS_MAX) if value.isdecimal() else None
