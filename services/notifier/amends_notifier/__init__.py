"""Follows the log and publishes every event to NATS JetStream, in version order within a case, at least once.

Imports amends_platform, amends_store, amends_domain and libraries; never another service.
Start at `service`, which follows; then `messages` (what is said), `publisher` (in which order), `broker` (to whom).
"""
