"""PostgreSQL and nats-server from wheels, as children of whoever starts them, their data in one directory.

Imports the standard library, psutil and asyncpg; the binaries come from the `embedded` extra.
Start at `postgres` and `nats`; `os_user` is for root, which PostgreSQL refuses to run as.
"""
