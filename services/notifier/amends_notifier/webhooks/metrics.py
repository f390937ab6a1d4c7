"""What is counted of webhooks, for Prometheus: there only where there are any."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

_LABELS: Final = ("endpoint",)


class WebhookMetrics:
    """One set per process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.delivered = Counter("amends_webhooks_delivered_total", "Messages taken", _LABELS, registry=registry)
        self.failed = Counter(
            "amends_webhooks_failed_total", "Attempts that were not taken", _LABELS, registry=registry
        )
        self.dead = Counter("amends_webhooks_dead_total", "Messages given up", _LABELS, registry=registry)
        self.lag = Gauge("amends_webhooks_lag", "Messages the endpoint has still to take", _LABELS, registry=registry)
        self.enabled = Gauge(
            "amends_webhooks_enabled", "0: it answered 410, and is told nothing", _LABELS, registry=registry
        )
