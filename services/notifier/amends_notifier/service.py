"""Following the log and publishing it, from the checkpoint on, until told to stop; or once more from a position."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

import asyncpg
import structlog

from amends_domain.event_codec import UnknownEventType
from amends_domain.evolve import BrokenStream
from amends_notifier.announcing import Announcer
from amends_notifier.broker import Broker, retry_seconds
from amends_notifier.leadership import CHECKPOINT, Keeper, take_over, try_lead
from amends_notifier.losing import Loss
from amends_notifier.messages import Message
from amends_notifier.metrics import Metrics
from amends_notifier.publisher import Publisher
from amends_notifier.racing import first_of, go_on
from amends_notifier.reading import Reading
from amends_platform.broker_address import BrokerAddress
from amends_platform.http.health import NotReady, check_store
from amends_platform.reasons import reason
from amends_store.checkpoints import Checkpoint
from amends_store.errors import Fenced, LogHole
from amends_store.lag import lag_of
from amends_store.outages import is_outage
from amends_store.read import read_log
from amends_store.records import StoredEvent
from amends_store.replication import replicated

if TYPE_CHECKING:
    from amends_platform.telemetry.tracing import Tracing

log = structlog.get_logger()

CONNECTIONS: Final = 3
"""What a notifier needs of its pool: one holds the lock and moves the checkpoint, two read."""

_BATCH_EVENTS: Final = 500
_POLL_SECONDS: Final = 0.25
_STANDBY_SECONDS: Final = 1.0
_READ_SECONDS_MAX: Final = 30.0
_OBSERVE_SECONDS: Final = 2.0


class CannotContinue(Exception):
    """The log holds something that cannot be told of, and skipping it is not for a program to decide.

    `about` says in log lines which event it is, where it is one.
    """

    def __init__(self, message: str, event: StoredEvent | None = None) -> None:
        super().__init__(message)
        self.about: dict[str, Any] = {}
        if event is not None:
            self.about = {
                "position": event.position,
                "case_id": event.stream_id,
                "event_type": event.type,
                "correlation_id": event.correlation_id,
            }


class Teller(Protocol):
    """What else the active notifier does, and only that one: nothing that happens to it holds up the stream."""

    def start(self) -> None:
        """Begin in the background."""

    async def stop(self, seconds_max: float) -> None:
        """End, within about so long. It may be started again."""


class Notifier:
    """Publishes the log of one database to one broker. `wake` and `stop` may be called at any time."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        broker: BrokerAddress,
        *,
        replicas: int,
        tenant: str,
        finish_seconds_max: float,
        metrics: Metrics | None = None,
        tellers: Sequence[Teller] = (),
        check_login: Callable[[asyncpg.Pool], Awaitable[None]] | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        """`finish_seconds_max`: how long stopping waits for messages in flight. `check_login`: whether we are who we
        should be at the database; what it raises ends `run`. Starts nothing yet."""
        self.metrics = metrics or Metrics()
        self._tellers = tellers
        self._check_login = check_login
        self._tracing = tracing
        self._pool = pool
        self._loss = Loss()
        self._broker = Broker(broker, replicas=replicas, on_blank=self._loss.on_blank)
        self._tenant = tenant
        self._announcer = Announcer(pool, self._broker.publish, tenant)
        self._finish_seconds_max = finish_seconds_max
        self._publisher: Publisher | None = None
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self.metrics.connected.set_function(lambda: self._broker.connected)
        self.metrics.position.set_function(lambda: self._publisher.position if self._publisher else 0)
        self.metrics.waiting.set_function(lambda: self._publisher.waiting if self._publisher else 0)

    def wake(self) -> None:
        """The log has grown: look now."""
        self._woken.set()

    def stop(self) -> None:
        """Let what is in flight finish, move the checkpoint, and let `run` or `republish` return."""
        self._stopping.set()

    async def observe(self) -> NoReturn:
        """Keep the metrics of the lag until cancelled, also while another notifier publishes."""
        while True:
            try:
                lag = await lag_of(self._pool, CHECKPOINT)
            except Exception as error:
                log.debug("the lag could not be measured", reason=type(error).__name__)
            else:
                self.metrics.lag_events.set(lag.events)
                self.metrics.oldest_unpublished.set(lag.seconds)
                self.metrics.observed.set_to_current_time()
            await asyncio.sleep(_OBSERVE_SECONDS)

    async def check(self) -> None:
        """Raises NotReady when nothing could be published just now, asyncpg's errors when the database is away."""
        if self._stopping.is_set():
            raise NotReady("The service was told to stop.")
        await check_store(self._pool)
        await self._broker.check()

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Follow until stopped, waiting out outages of database and broker. Raises CannotContinue.

        `on_ready` is called when the log is followed, or another notifier is found to follow it.
        """
        self._broker.start()
        failures = 0
        try:
            while not self._stopping.is_set():
                try:
                    if self._check_login is not None:
                        await self._check_login(self._pool)
                        self._check_login = None
                    async with try_lead(self._pool) as connection:
                        failures = 0
                        if connection is not None:
                            await self._lead(connection, on_ready)
                            continue
                    on_ready()
                    # Whoever leads has the stream to fill.
                    self._loss.note()
                    await self._pause(_STANDBY_SECONDS)
                except Fenced:
                    log.warning("another notifier has taken over")
                    await self._pause(_STANDBY_SECONDS)
                except Exception as error:
                    if not is_outage(error):
                        raise
                    failures += 1
                    log.warning("database away", reason=reason(error))
                    await self._pause(retry_seconds(failures, random.random()))
        finally:
            await self._broker.aclose()

    async def republish(self, first: int, on_progress: Callable[[int, int], None]) -> int:
        """Publish once more from position `first` to where the notifier was, which stands by meanwhile; and the
        signed checkpoints of as many events or more.

        `on_progress` is told how many of how many are through, and so is the caller in the end: fewer than all
        when stopped. Raises CannotContinue, asyncpg's errors.
        """
        self._broker.start()
        try:
            async with take_over(self._pool) as checkpoint:
                total = max(0, checkpoint.position - first + 1)
                publisher = self._publisher = Publisher(self._publish, after=min(first - 1, checkpoint.position))

                def done() -> int:
                    return total - (checkpoint.position - publisher.position)

                async def all_of_it() -> None:
                    async with self._pool.acquire() as reader:
                        await self._follow(reader, publisher, last=checkpoint.position)
                    await publisher.drained()
                    await self._announcer.republish(first)

                async def report() -> None:
                    while True:
                        on_progress(done(), total)
                        await publisher.moved()

                try:
                    await first_of(all_of_it(), report(), publisher.failed, self._stopping.wait())
                finally:
                    await self._finish(publisher)
                on_progress(done(), total)
                return done()
        finally:
            await self._broker.aclose()

    async def _lead(self, connection: Any, on_ready: Callable[[], None]) -> None:
        try:
            taking_up = asyncio.ensure_future(self._take_up(connection))
            # A broker without a quorum does not say what is in the stream, for as long as that lasts.
            await first_of(taking_up, self._stopping.wait())
            if taking_up.cancelled():
                return
            publisher, keeper = taking_up.result()
            await self._publish_all(publisher, keeper, on_ready)
        finally:
            self._loss.unwatch()
        await keeper.move()
        log.info("stopped", at=publisher.position)

    async def _take_up(self, connection: Any) -> tuple[Publisher, Keeper]:
        """Begin where the last notifier came to; at the beginning where the stream has nothing of that."""
        checkpoint = await Checkpoint.claim(self._pool, CHECKPOINT)
        # Watched before it is asked: a broker that comes back meanwhile tells by itself.
        self._loss.watch(Publisher(self._publish, after=checkpoint.position))
        if (await self._broker.is_blank() or self._loss.is_found) and checkpoint.position > 0:
            log.error("the stream was lost: it is filled again from the beginning", published=checkpoint.position)
            await self._announcer.begin_anew()
            checkpoint = await checkpoint.advance(connection, 0)
        publisher = self._publisher = Publisher(self._publish, after=checkpoint.position)
        self._loss.watch(publisher)
        self._loss.note()
        log.info("following", after=checkpoint.position, epoch=checkpoint.epoch)
        return publisher, Keeper(connection, checkpoint, publisher)

    async def _publish_all(self, publisher: Publisher, keeper: Keeper, on_ready: Callable[[], None]) -> None:
        """Until stopped, or the stream is lost. Raises CannotContinue, Fenced, asyncpg's errors."""
        self.metrics.active.set(1)
        for teller in self._tellers:
            teller.start()
        ending = self._loss.found, self._stopping.wait
        try:
            async with self._pool.acquire() as reader:
                on_ready()
                following = self._follow(reader, publisher)
                announcing = self._announcer.run()
                await first_of(following, keeper.run(), announcing, publisher.failed, *(each() for each in ending))
        except CannotContinue:
            # What stands before it in the log still gets out.
            await first_of(publisher.drained(), *(each() for each in ending))
            await keeper.move()
            raise
        finally:
            self.metrics.active.set(0)
            await asyncio.gather(
                self._finish(publisher), *(teller.stop(self._finish_seconds_max) for teller in self._tellers)
            )

    async def _follow(self, reader: Any, publisher: Publisher, *, last: int | None = None) -> None:
        """Put the log's messages to the publisher, until `last` if it is given. Raises CannotContinue."""
        reading = Reading(self._pool, reader, self._tenant)
        position = publisher.position
        while go_on() and (last is None or position < last):
            self._woken.clear()
            limit = _BATCH_EVENTS if last is None else min(_BATCH_EVENTS, last - position)
            try:
                async with asyncio.timeout(_READ_SECONDS_MAX):
                    rows = await read_log(reader, after=position, limit=limit)
                    await reading.prepare(rows)
                    if rows:
                        # What a failover could take back must not be told to anybody.
                        await replicated(reader)
            except LogHole as error:
                raise CannotContinue(str(error)) from error
            for row in rows:
                await publisher.put(row.position, row.stream_id, await _message(reading, row))
                position = row.position
            if not rows:
                await self._until_woken()

    async def _publish(self, message: Message) -> None:
        if self._tracing is None:
            ack = await self._broker.publish(message)
        else:
            with self._tracing.telling("publish", message.headers, message.subject):
                ack = await self._broker.publish(message)
        if ack.attempts > 1:
            self.metrics.retried.inc(ack.attempts - 1)
        if ack.repeated:
            self.metrics.repeated.inc()
            return
        self.metrics.published.inc()
        self.metrics.latency_seconds.observe((datetime.now(UTC) - message.recorded_at).total_seconds())

    async def _finish(self, publisher: Publisher) -> None:
        # While the broker is away nothing in flight will come to an end.
        await publisher.finish(self._finish_seconds_max if self._broker.connected else 0)

    async def _until_woken(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), _POLL_SECONDS)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


async def _message(reading: Reading, row: StoredEvent) -> Message:
    try:
        return await reading.message(row)
    except UnknownEventType as error:
        reason = f"an event of type {error}, which this release does not know: run the newer one that wrote it"
    except BrokenStream as error:
        reason = str(error)
    raise CannotContinue(f"position {row.position}: {reason}", row)
