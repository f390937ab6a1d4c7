"""Sends the daily mail that amends_platform.digest writes: once a day and reader, across restarts and outages.

Imports amends_platform.digest and what the notifier may; imported only where AMENDS_DIGEST is set.
Start at `service`, which sees that the day's mails go out; then `outbox` (which did) and `smtp` (how).
"""
