"""Complaints from files: rows read one at a time, sent through intake, the unusable ones written aside with the reason.

Imports amends_platform.failures and httpx (only to send); knows nothing of the terminal.
Start at `formats` (which reader), then `rows` (what a reader gives), `sending` and `rejects` (what becomes of it).
"""
