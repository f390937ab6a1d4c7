"""Webhooks as both the notifier and the command line need them: who is told, how a request is signed and sent safely.

Imports the rest of amends_platform, and httpx only where something is sent.
Start in `endpoints`, the file that names who is told; then `sending` (one attempt) and `dead_letters`.
"""
