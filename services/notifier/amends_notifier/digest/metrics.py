"""What is counted of digests, for Prometheus: there only where there are any."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class DigestMetrics:
    """One set per process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sent = Counter("amends_digest_sent_total", "Mails that the server took", registry=registry)
        self.failed = Counter("amends_digest_failed_total", "Attempts that it did not take", registry=registry)
        self.given_up = Counter("amends_digest_given_up_total", "Mails that were not sent at all", registry=registry)
