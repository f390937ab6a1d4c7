"""What the notifier counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LATENCY_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0)


class Metrics:
    """One set per process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.published = Counter(
            "amends_notifier_published_total", "Messages that the broker stored", registry=self.registry
        )
        self.repeated = Counter(
            "amends_notifier_repeated_total", "Messages that the broker had already", registry=self.registry
        )
        self.retried = Counter("amends_notifier_retries_total", "Attempts beyond the first", registry=self.registry)
        self.latency_seconds = Histogram(
            "amends_notifier_latency_seconds",
            "From an event's time of record to the broker's acknowledgement",
            buckets=_LATENCY_SECONDS,
            registry=self.registry,
        )
        self.position = Gauge("amends_notifier_position", "Everything up to here is published", registry=self.registry)
        self.waiting = Gauge("amends_notifier_waiting", "Events read and not yet acknowledged", registry=self.registry)
        self.lag_events = Gauge(
            "amends_notifier_lag_events", "Events that are not yet published, by any notifier", registry=self.registry
        )
        self.oldest_unpublished = Gauge(
            "amends_notifier_oldest_unpublished_seconds",
            "For how long the oldest event that is not yet published has been waiting",
            registry=self.registry,
        )
        self.observed = Gauge(
            "amends_observed_timestamp_seconds",
            "When this process last looked at the log; what it tells of the log is from then",
            registry=self.registry,
        )
        self.active = Gauge("amends_notifier_active", "1: publishes; 0: stands by", registry=self.registry)
        self.connected = Gauge("amends_notifier_broker_connected", "1: the broker answers", registry=self.registry)
