"""What is measured: how far the read model is behind, what fired and how late, how much of the log is signed."""

from __future__ import annotations

from typing import Final

import asyncpg
from prometheus_client import CollectorRegistry, Counter, Gauge

from amends_domain.events import CaseEscalated, DeadlineBreached, ReminderIssued
from amends_platform.evidence.tree_head import SignedSoFar
from amends_platform.telemetry.durations import Durations
from amends_store.lag import lag_of
from amends_store.timers import Fired
from amends_workflow.alert_rows import Alert
from amends_workflow.firing import Firing
from amends_workflow.projecting import Projecting
from amends_workflow.projection import CHECKPOINT
from amends_workflow.sealer import Sealer
from amends_workflow.statements import statement

_QUARANTINED: Final = statement("quarantined")
# From what a timer takes on a quiet machine to a day without any.
_LATE_SECONDS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 3_600.0, 86_400.0)


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._lag = Gauge(
            "amends_projection_lag_events", "Events by which the read model is behind the log", registry=self.registry
        )
        self._lag_seconds = Gauge(
            "amends_projection_lag_seconds",
            "For how long the oldest event that is not in the read model has been waiting",
            registry=self.registry,
        )
        self._leading = Gauge(
            "amends_projection_leading", "1 in the process that keeps the read model", registry=self.registry
        )
        self._halted = Gauge(
            "amends_projection_halted",
            "1 when the projection stopped before an event it cannot take: act at once",
            registry=self.registry,
        )
        self._overdue = Gauge(
            "amends_timers_oldest_overdue_seconds",
            "By how much the oldest timer that is due is late",
            registry=self.registry,
        )
        self._late = Durations(
            self.registry,
            "amends_timers_late_seconds",
            "How late reminders, breaches and escalations were recorded, as seen in the log by this process",
            buckets=_LATE_SECONDS,
        )
        self._quarantined = Gauge(
            "amends_timers_quarantined",
            "Timers that could not become events and are out of the way: act soon",
            registry=self.registry,
        )
        self._observed = Gauge(
            "amends_observed_timestamp_seconds",
            "When this process last looked at the log; what it tells of the log is from then",
            registry=self.registry,
        )
        self._signed = Gauge(
            "amends_checkpoint_tree_size", "Events that the newest signed checkpoint covers", registry=self.registry
        )
        self._checkpoint_age = Gauge(
            "amends_checkpoint_age_seconds",
            "How old the newest signed checkpoint is; a log that does not grow gets no newer one",
            registry=self.registry,
        )
        self._unsigned = Gauge(
            "amends_unsigned_seconds",
            "For how long the oldest event that no signed checkpoint covers has been waiting for one",
            registry=self.registry,
        )
        self._sealer_stopped = Gauge(
            "amends_sealer_stopped",
            "1 when the log contradicts what was signed before, and nothing is signed any more: act at once",
            registry=self.registry,
        )
        self._readers = Gauge(
            "amends_stream_readers", "How many listen to the live stream of this process", registry=self.registry
        )
        self._forgotten = Counter(
            "amends_receipts_forgotten",
            "Receipts that were removed because their Idempotency-Key holds no longer",
            registry=self.registry,
        )
        self._fired = Counter("amends_timers_fired", "Timers that this process made events of", registry=self.registry)
        self._reminders = Counter(
            "amends_reminders", "Reminders seen in the log by this process", ["clock"], registry=self.registry
        )
        self._breaches = Counter(
            "amends_breaches", "Breaches seen in the log by this process", ["clock"], registry=self.registry
        )
        self._escalations = Counter(
            "amends_escalations", "Escalations seen in the log by this process", ["cause"], registry=self.registry
        )

    def count_fired(self, fired: list[Fired]) -> None:
        self._fired.inc(len(fired))

    def count_forgotten(self, receipts: int) -> None:
        self._forgotten.inc(receipts)

    def count_alert(self, alert: Alert) -> None:
        self._late.observe((), alert.late_by_ms / 1000)
        match alert:
            case CaseEscalated():
                self._escalations.labels(alert.cause).inc()
            case DeadlineBreached():
                self._breaches.labels(alert.clock).inc()
            case ReminderIssued():
                self._reminders.labels(alert.clock).inc()

    def show_readers(self, readers: int) -> None:
        self._readers.set(readers)

    async def observe(
        self, pool: asyncpg.Pool, projecting: Projecting, firing: Firing, sealer: Sealer, now_seconds: float
    ) -> None:
        """Look at them once. Raises asyncpg's errors while the database is away."""
        self._sealer_stopped.set(sealer.is_stopped)
        self._leading.set(projecting.is_leading)
        self._halted.set(projecting.is_halted)
        self._overdue.set(firing.overdue_seconds)
        lag = await lag_of(pool, CHECKPOINT)
        self._lag.set(lag.events)
        self._lag_seconds.set(lag.seconds)
        self._quarantined.set(await pool.fetchval(_QUARANTINED))
        self._show(await sealer.signed_so_far())
        self._observed.set(now_seconds)

    def _show(self, signed: SignedSoFar) -> None:
        self._signed.set(signed.signed_events)
        self._checkpoint_age.set(signed.age_seconds or 0)
        self._unsigned.set(signed.waiting_seconds or 0)
