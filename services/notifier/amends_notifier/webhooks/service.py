"""Every endpoint of the file at work, each by itself, through outages of the broker and changes of the file."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from amends_notifier.racing import first_of, go_on
from amends_notifier.webhooks.delivery import Delivery
from amends_notifier.webhooks.metrics import WebhookMetrics
from amends_notifier.webhooks.schedule import Schedule
from amends_platform.broker_address import BrokerAddress
from amends_platform.broker_connection import TROUBLE, connected
from amends_platform.failures import CannotReach
from amends_platform.reasons import reason
from amends_platform.webhooks.consumers import (
    ACK_WAIT_SECONDS,
    STREAM,
    durable_name,
    ensure_consumer,
    is_gone,
    set_gone,
    unsettled,
)
from amends_platform.webhooks.dead_letters import ensure_dead_letters
from amends_platform.webhooks.endpoints import Endpoint, files_of, load_endpoints
from amends_platform.webhooks.sending import Sender
from amends_platform.yaml_files import YamlFileError

log = structlog.get_logger()

_AGAIN_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 5.0
_REMIND_SECONDS: Final = 30.0
# Where the file has changed: attempts under way are not cut short for that.
_FINISH_SECONDS_MAX: Final = 10.0


class Webhooks:
    """A teller of the notifier: `start` and `stop` it as often as it becomes and ceases to be the active one."""

    def __init__(
        self,
        path: Path,
        broker: BrokerAddress,
        *,
        tenant: str,
        replicas: int,
        metrics: WebhookMetrics,
        schedule: Schedule | None = None,
        ack_wait_seconds: float = ACK_WAIT_SECONDS,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        """`look_seconds`: how often the file and the consumers are looked at."""
        self._path = path
        self._address = broker
        self._tenant = tenant
        self._replicas = replicas
        self._metrics = metrics
        self._schedule = schedule or Schedule()
        self._ack_wait_seconds = ack_wait_seconds
        self._look_seconds = look_seconds
        self._task: asyncio.Task[None] | None = None
        self._finish_seconds_max = _FINISH_SECONDS_MAX
        self._endpoints: tuple[Endpoint, ...] = ()
        self._watched = [path]
        self._read_as: list[tuple[int, int, int] | None] = []
        self._refused = ""
        self._complained_at = -math.inf

    def start(self) -> None:
        """Begin delivering in the background."""
        self._finish_seconds_max = _FINISH_SECONDS_MAX
        self._task = asyncio.create_task(self._run(), name="webhooks")

    async def stop(self, seconds_max: float) -> None:
        """Let the attempts under way end, at most so long; what is not settled is given back to the broker."""
        if self._task is not None:
            self._finish_seconds_max = seconds_max
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while go_on():
            try:
                await self._session()
            except (CannotReach, *TROUBLE) as error:
                self._complain(error)
                await asyncio.sleep(_AGAIN_SECONDS)
            except Exception:
                # Whatever it is, alerts on the stream go on, and so shall these.
                log.exception("webhooks broke off, and begin again")
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _session(self) -> None:
        """Deliver until the connection is lost or the file changes."""
        await self._read_file()
        lost = asyncio.Event()

        async def on_lost() -> None:
            lost.set()

        async with connected(self._address, "amends-webhooks", on_lost=on_lost) as client:
            await ensure_dead_letters(client.jetstream(), self._replicas)
            working = [self._serve(client, endpoint, lost) for endpoint in self._endpoints]
            await first_of(lost.wait(), self._until_changed(), *working)

    async def _serve(self, client: Client, endpoint: Endpoint, lost: asyncio.Event) -> None:
        """Keep one endpoint going, whatever becomes of it: that is nobody else's trouble."""
        while go_on():
            try:
                await self._deliver(client, endpoint, lost)
            except NotFoundError:
                # The notifier makes the stream, and may not have come to it.
                await asyncio.sleep(_AGAIN_SECONDS)
            except TROUBLE as error:
                log.warning("webhook broke off", endpoint=endpoint.name, reason=reason(error))
                await asyncio.sleep(_AGAIN_SECONDS)
            except Exception:
                log.exception("webhook broke off", endpoint=endpoint.name)
                await asyncio.sleep(self._look_seconds)

    async def _deliver(self, client: Client, endpoint: Endpoint, lost: asyncio.Event) -> None:
        js = client.jetstream()
        await self._until_wanted(js, endpoint)
        sender = Sender(endpoint)
        delivery = Delivery(
            endpoint,
            client,
            sender,
            tenant=self._tenant,
            schedule=self._schedule,
            ack_wait_seconds=self._ack_wait_seconds,
            metrics=self._metrics,
        )
        try:
            await first_of(delivery.run(), self._watch(js, endpoint))
        finally:
            # Without a connection nothing that comes of it could be told.
            await delivery.finish(0 if lost.is_set() else self._finish_seconds_max)
            await sender.aclose()
            with suppress(*TROUBLE):
                await client.flush(timeout=1)
        if delivery.gone:
            log.error(
                "webhook switched off: it answered 410", endpoint=endpoint.name,
                mend=f"change it in {self._path}, or `amends webhooks test {endpoint.name}` once it is there again",
            )  # fmt: skip
            await set_gone(js, self._tenant, endpoint, gone=True, ack_wait_seconds=self._ack_wait_seconds)

    async def _until_wanted(self, js: JetStreamContext, endpoint: Endpoint) -> None:
        """Return once it has a consumer and is not, or no longer, switched off."""
        while go_on():
            info = await ensure_consumer(js, self._tenant, endpoint, ack_wait_seconds=self._ack_wait_seconds)
            gone = is_gone(info, endpoint)
            self._metrics.lag.labels(endpoint.name).set(unsettled(info))
            self._metrics.enabled.labels(endpoint.name).set(not gone)
            if not gone:
                return
            await asyncio.sleep(self._look_seconds)

    async def _watch(self, js: JetStreamContext, endpoint: Endpoint) -> None:
        """Measure how far it is behind. Raises NotFoundError when its consumer is gone, which is then made anew."""
        while go_on():
            await asyncio.sleep(self._look_seconds)
            info = await js.consumer_info(STREAM, durable_name(self._tenant, endpoint.name))
            self._metrics.lag.labels(endpoint.name).set(unsettled(info))

    async def _read_file(self) -> None:
        """Take the file in as it is; as it was, where it cannot be used."""
        self._watched = [self._path]
        seen = self._seen()
        try:
            self._watched = await asyncio.to_thread(files_of, self._path)
            seen = self._seen()
            self._endpoints = await asyncio.to_thread(load_endpoints, self._path)
        except YamlFileError as error:
            if str(error) != self._refused:
                self._refused = str(error)
                log.error("AMENDS_WEBHOOKS cannot be used: what it said before is kept to", reason=reason(error))
        else:
            self._refused = ""
            log.info("webhooks", endpoints=[endpoint.name for endpoint in self._endpoints])
        self._read_as = seen

    async def _until_changed(self) -> None:
        while go_on():
            await asyncio.sleep(self._look_seconds)
            if self._seen() != self._read_as:
                return

    def _seen(self) -> list[tuple[int, int, int] | None]:
        """Other than before when a file is: the one that names endpoints, or one with secrets."""
        seen: list[tuple[int, int, int] | None] = []
        for file in self._watched:
            try:
                status = file.stat()
            except OSError:
                seen.append(None)
            else:
                seen.append((status.st_ino, status.st_mtime_ns, status.st_size))
        return seen

    def _complain(self, error: Exception) -> None:
        now = time.monotonic()
        if now - self._complained_at >= _REMIND_SECONDS:
            self._complained_at = now
            log.warning("webhooks wait for the broker", reason=reason(error))
