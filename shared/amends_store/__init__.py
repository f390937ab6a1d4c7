"""The append-only log in PostgreSQL: append, read, follow, idempotency receipts, timers, migrations.

Imports asyncpg, Alembic and SQLAlchemy to migrate, nothing of ours: rows in, rows out, it knows no domain.
Start at `records`, then `append` (in) and `read`, `follow` (out); the rules live in `sql/`.
"""
