"""Tells endpoints by HTTP what the stream tells everybody: signed, each at its own pace, at least once.

Imports amends_platform.webhooks and what the notifier may; imported only where AMENDS_WEBHOOKS is set.
Start at `service`, which keeps every endpoint going; then `delivery` (one endpoint) and `schedule` (when again).
"""
