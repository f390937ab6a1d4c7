"""Backups of the database: made from one snapshot with PostgreSQL's own tools, checked, and restored as a whole.

Imports the rest of amends_platform but the CLI; keys of any kind are not in a backup, nor touched by a restore.
Start at `manifest` (what a backup is), then `making` and `restoring`.
"""
