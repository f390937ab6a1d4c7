"""One endpoint: its messages from its consumer, in order within a case, each until it is taken or given up."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NoReturn

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from amends_notifier.racing import first_of
from amends_notifier.webhooks.metrics import WebhookMetrics
from amends_notifier.webhooks.schedule import Schedule
from amends_platform.broker_connection import TROUBLE
from amends_platform.pulling import Pull
from amends_platform.reasons import reason as told_of
from amends_platform.telemetry.traceparent import trace_in
from amends_platform.webhooks.consumers import STREAM, durable_name
from amends_platform.webhooks.dead_letters import bury
from amends_platform.webhooks.endpoints import Endpoint
from amends_platform.webhooks.envelope import Outgoing, envelope_of
from amends_platform.webhooks.sending import Outcome, Sender

log = structlog.get_logger()

# How much later than asked for the broker may give a message out again before what waits for it goes on.
_LATE_SECONDS_MAX: Final = 30.0


class _Lane:
    """The messages of one case, by their sequence. While `awaited` is to come again, those behind it wait."""

    def __init__(self) -> None:
        self.messages: dict[int, Msg] = {}
        self.awaited: int | None = None
        self.back = asyncio.Event()

    def put(self, sequence: int, message: Msg) -> None:
        """Also one that is there already: the broker lost patience, and counts by the newer."""
        self.messages[sequence] = message
        if sequence == self.awaited:
            self.back.set()


class Delivery:
    """Run it once, then `finish` it."""

    def __init__(
        self,
        endpoint: Endpoint,
        client: Client,
        sender: Sender,
        *,
        tenant: str,
        schedule: Schedule,
        ack_wait_seconds: float,
        metrics: WebhookMetrics,
    ) -> None:
        self._endpoint = endpoint
        self._client = client
        self._js = client.jetstream()
        self._sender = sender
        self._tenant = tenant
        self._schedule = schedule
        self._ack_wait_seconds = ack_wait_seconds
        self._delivered = metrics.delivered.labels(endpoint.name)
        self._failed_attempts = metrics.failed.labels(endpoint.name)
        self._dead = metrics.dead.labels(endpoint.name)
        self._connections = asyncio.Semaphore(endpoint.concurrency)
        self._lanes: dict[str, _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._finishing = False
        self._untaken: list[Msg] = []
        self._gone = asyncio.Event()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def gone(self) -> bool:
        """Whether the endpoint answered 410."""
        return self._gone.is_set()

    async def run(self) -> None:
        """Deliver until the endpoint is gone. Raises nats.errors.Error, OSError."""
        pull = Pull(self._client, STREAM, durable_name(self._tenant, self._endpoint.name))
        await pull.start()
        try:
            await first_of(self._fetch(pull), self._keep(), self._gone.wait(), self._broken)
        finally:
            self._untaken = await pull.close()

    async def finish(self, seconds_max: float) -> None:
        """Let attempts under way end, at most so long, and give back what was not settled."""
        self._finishing = True
        for lane in self._lanes.values():
            lane.back.set()
        if self._tasks and seconds_max > 0:
            await asyncio.wait(self._tasks, timeout=seconds_max)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        left = {sequence: message for lane in self._lanes.values() for sequence, message in lane.messages.items()}
        left |= {message.metadata.sequence.stream: message for message in self._untaken}
        with suppress(*TROUBLE):
            # In their order, which is the one in which they will be given out again.
            for _, message in sorted(left.items()):
                await message.nak()
        self._broken.cancel()

    async def _fetch(self, pull: Pull) -> NoReturn:
        while True:
            message = await pull.next()
            headers = message.headers or {}
            if not self._endpoint.wants(_branch(message.data)):
                await message.ack()
                continue
            case = headers.get("ce-subject", "")
            lane = self._lanes.get(case)
            if lane is None:
                lane = self._lanes[case] = _Lane()
                task = asyncio.create_task(self._run_lane(case, lane))
                self._tasks.add(task)
                task.add_done_callback(self._lane_ended)
            lane.put(message.metadata.sequence.stream, message)

    async def _keep(self) -> NoReturn:
        """Tell the broker that what waits here is in hand."""
        while True:
            await asyncio.sleep(self._ack_wait_seconds / 3)
            for message in [message for lane in self._lanes.values() for message in lane.messages.values()]:
                await message.in_progress()

    async def _run_lane(self, case: str, lane: _Lane) -> None:
        while lane.messages and not self._finishing:
            sequence = min(lane.messages)
            async with self._connections:
                # It may have waited long for its turn.
                if self._finishing:
                    return
                outcome = await self._attempt(lane.messages[sequence])
            if outcome is not None and outcome.gone:
                # Given back by `finish`: as long as we still ask, the broker would give it to us.
                self._failed_attempts.inc()
                self._gone.set()
                return
            delay_seconds = await self._settle(lane.messages.pop(sequence), outcome)
            if delay_seconds is not None and delay_seconds <= self._schedule.hold_seconds_max:
                await self._until_back(lane, sequence, delay_seconds)
        del self._lanes[case]

    async def _attempt(self, message: Msg) -> Outcome | None:
        """What came of it; None when it is nothing that can be sent."""
        outgoing = _outgoing(message.headers or {}, message.data)
        if outgoing is None:
            return None
        try:
            return await self._sender.send(outgoing)
        except Exception as error:
            # Whatever one message or one answer makes of it: it is tried again like any other, and holds up no other.
            log.exception("webhook could not be sent", endpoint=self._endpoint.name)
            return Outcome(f"not sent: {type(error).__name__}")

    async def _settle(self, message: Msg, outcome: Outcome | None) -> float | None:
        """Acknowledge it, or leave it for later: in how many seconds. Raises nats.errors.Error, OSError."""
        if outcome is None:
            await self._give_up(message, "it is no message of Amends")
            return None
        if outcome.taken:
            self._delivered.inc()
            await message.ack()
            return None
        self._failed_attempts.inc()
        attempts = message.metadata.num_delivered
        assert outcome.reason is not None, "what was not taken has a reason"
        delay_seconds = self._schedule.delay_seconds(attempts, random.random(), outcome.retry_after_seconds)
        if delay_seconds is None:
            await self._give_up(message, outcome.reason)
            return None
        log.info(
            "webhook not taken", endpoint=self._endpoint.name, attempts=attempts, reason=outcome.reason,
            again_in_seconds=round(delay_seconds, 3), **_about(message),
        )  # fmt: skip
        await message.nak(delay=delay_seconds)
        return delay_seconds

    async def _give_up(self, message: Msg, reason: str) -> None:
        """Acknowledge it once its dead letter is stored, and no sooner."""
        try:
            await bury(
                self._js,
                self._tenant,
                self._endpoint.name,
                payload=message.data,
                headers=message.headers or {},
                subject=message.subject,
                sequence=message.metadata.sequence.stream,
                attempts=message.metadata.num_delivered,
                reason=reason,
            )
        except TROUBLE as error:
            log.error("a dead letter cannot be written", endpoint=self._endpoint.name, reason=told_of(error))
            await message.nak(delay=self._schedule.unburied_seconds)
            return
        await message.ack()
        self._dead.inc()
        log.error(
            "webhook given up", endpoint=self._endpoint.name, reason=reason, **_about(message),
            mend=f"amends webhooks replay {self._endpoint.name}",
        )  # fmt: skip

    async def _until_back(self, lane: _Lane, sequence: int, delay_seconds: float) -> None:
        lane.awaited = sequence
        lane.back.clear()
        # The broker may have been quicker than we were.
        if self._finishing or sequence in lane.messages:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(lane.back.wait(), delay_seconds + _LATE_SECONDS_MAX)
        lane.awaited = None

    def _lane_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not self._broken.done():
            self._broken.set_exception(error)


def _about(message: Msg) -> dict[str, Any]:
    """Which message it is, in a log line."""
    headers = message.headers or {}
    trace = trace_in(headers.get("traceparent"))
    return {"id": headers.get("ce-id"), "case_id": headers.get("ce-subject"), "correlation_id": trace}


def _branch(payload: bytes) -> str | None:
    """The branch that a message tells of; None when it tells of none."""
    try:
        said: Any = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    branch = said.get("branch") if isinstance(said, dict) else None
    return branch if isinstance(branch, str) else None


def _outgoing(headers: Mapping[str, str], payload: bytes) -> Outgoing | None:
    """What to send; None when somebody else published what we never would."""
    try:
        orjson.loads(payload)
        outgoing = envelope_of(headers, payload)
    except (KeyError, orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return outgoing if outgoing.id.isascii() and outgoing.id.isprintable() else None
