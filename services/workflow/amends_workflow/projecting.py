"""Keeping the read model behind the log, in whichever process leads; and waiting until it has come so far."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import structlog

from amends_platform.http.health import NotReady
from amends_platform.policy.book import AlteredPolicy, PolicyBook
from amends_platform.reasons import reason
from amends_platform.telemetry.tracing import Tracing
from amends_store.errors import Fenced
from amends_store.follow import Follower, Project
from amends_store.outages import is_passing
from amends_store.read import Executor
from amends_store.records import StoredEvent
from amends_workflow.alert_rows import Alert
from amends_workflow.leadership import Lead, leadership
from amends_workflow.projection import CHECKPOINT, Projection
from amends_workflow.tasks import end_if_told, stop

log = structlog.get_logger()

_BATCH_EVENTS_MAX = 500
_RETRY_SECONDS = 0.5
# How often who waits for a position looks: at the checkpoint, while another process moves it.
_LOOK_SECONDS = 0.05


class Halted(Exception):
    """The projection met an event that it cannot take, and stopped before it."""


class JudgesNothing(Halted, NotReady):
    """The projection stopped because a policy was altered."""


class Projecting:
    """The projection as a task. `on_progress` is called after each batch that was committed."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        policies: PolicyBook,
        *,
        on_progress: Callable[[], None],
        on_alert: Callable[[Alert], None],
        tracing: Tracing | None = None,
    ) -> None:
        self._pool = pool
        self._policies = policies
        self._on_progress = on_progress
        self._on_alert = on_alert
        self._tracing = tracing
        self._follower: Follower | None = None
        self._halted_by: Exception | None = None
        self._came_to = 0
        self._begun: StoredEvent | None = None

    @property
    def is_leading(self) -> bool:
        """Whether it is this process that keeps the read model."""
        return self._follower is not None

    @property
    def is_halted(self) -> bool:
        return self._halted_by is not None

    def check(self) -> None:
        """Raises Halted if the projection stopped for good."""
        if isinstance(self._halted_by, AlteredPolicy):
            raise JudgesNothing(str(self._halted_by)) from self._halted_by
        if self._halted_by is not None:
            raise Halted(str(self._halted_by)) from self._halted_by

    def wake(self) -> None:
        """The log has grown."""
        if self._follower is not None:
            self._follower.wake()

    async def run(self) -> None:
        """Keep the read model whenever this process leads. Returns only when it is halted.

        What cannot be projected (an event of an unknown type, a broken stream, a hole in the log, a policy
        that was altered) is never skipped: it halts the projection. A release that knows better may then lead instead.
        """
        careful = False
        while True:
            try:
                async with leadership(self._pool, Lead.READ_MODEL) as lost:
                    log.info("keeping the read model")
                    await self._lead(lost, careful=careful)
                careful = False
            except Exception as error:
                end_if_told()
                if is_passing(error):
                    log.warning("the read model waits for the store", reason=reason(error))
                    await asyncio.sleep(_RETRY_SECONDS)
                elif careful:
                    self._halt(error)
                    return
                else:
                    log.error("a batch cannot be projected: on, one by one, to the event that is to blame")
                    careful = True

    async def reached(self, position: int, seconds_max: float) -> bool:
        """Wait until the read model has come to `position`. False when it did not in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds_max):
                while True:
                    if await self._has_reached(position):
                        return True
                    await asyncio.sleep(_LOOK_SECONDS)
        return False

    async def position(self) -> int:
        """How far the read model has come, in whichever process."""
        if self._follower is not None and self._follower.position:
            return self._follower.position
        position = await self._pool.fetchval("SELECT position FROM checkpoints WHERE name = $1", CHECKPOINT)
        return int(position or 0)

    async def _has_reached(self, position: int) -> bool:
        follower = self._follower
        if follower is not None and follower.position < position:
            follower.wake()
            with suppress(TimeoutError):
                # Not for ever: this process may cease to lead meanwhile.
                async with asyncio.timeout(1):
                    await follower.reached(position)
        return await self.position() >= position

    async def _lead(self, lost: asyncio.Event, *, careful: bool) -> None:
        """Project until the leadership is lost, or we are fenced. Raises what halts.

        `careful`: an event at a time, and no further than the batch that could not be projected.
        """
        projection = self._noting(Projection(self._policies, self._on_alert))
        if self._tracing is not None:
            projection = _traced(projection, self._tracing)
        batch_events_max = 1 if careful else _BATCH_EVENTS_MAX
        follower = Follower.projecting(self._pool, CHECKPOINT, projection, batch_events_max=batch_events_max)
        works = [follower.run(), self._announce(follower), lost.wait()]
        if careful:
            works.append(follower.reached(self._came_to + _BATCH_EVENTS_MAX))
        tasks = [asyncio.create_task(work) for work in works]
        self._follower = follower
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                # A rebuild put new tables in place, or somebody else took our session for dead: see whether we lead.
                with suppress(Fenced):
                    task.result()
        finally:
            self._came_to = follower.position
            self._follower = None
            await stop(*tasks)

    async def _announce(self, follower: Follower) -> None:
        while True:
            await follower.reached(follower.position + 1)
            self._on_progress()

    def _noting(self, projection: Project) -> Project:
        async def noted(conn: Executor, events: list[StoredEvent]) -> None:
            self._begun = events[0]
            await projection(conn, events)

        return noted

    def _halt(self, error: Exception) -> None:
        self._halted_by = error
        begun, about = self._begun, {}
        if begun is not None and begun.position == self._came_to + 1:
            about = {"case_id": begun.stream_id, "event_type": begun.type, "correlation_id": begun.correlation_id}
        log.critical(
            "THE READ MODEL HAS STOPPED: an event cannot be projected, and none is ever skipped",
            position=self._came_to + 1,
            **about,
            reason=reason(error),
            exc_info=error,
        )


def _traced(projection: Project, tracing: Tracing) -> Project:
    async def projected(conn: Executor, events: list[StoredEvent]) -> None:
        began_ns = time.time_ns()
        await projection(conn, events)
        tracing.followed("project", events, began_ns)

    return projected
