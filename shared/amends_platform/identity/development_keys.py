"""The development keys of `amends up`: one per role, each its own person, the same after every start."""

from __future__ import annotations

import json
from pathlib import Path

import asyncpg

from amends_domain.access.roles import ROLES
from amends_platform.files import write_private
from amends_platform.identity.principals import new_key, register_key, revoked_among


async def ensure_development_keys(connection: asyncpg.Connection, file: Path, tenant: str) -> dict[str, str]:
    """The keys by role, kept in `file` and known to the database; a revoked one is replaced."""
    by_tenant = _read(file)
    kept = by_tenant.get(tenant, {})
    revoked = await revoked_among(connection, kept.values())
    keys = {role: kept[role] if kept.get(role) and kept[role] not in revoked else new_key() for role in ROLES}
    if keys != kept:
        # Before the database learns them: a key that is known there and lost here would work for ever.
        write_private(file, json.dumps(by_tenant | {tenant: keys}, indent=2) + "\n")
    for role, key in keys.items():
        await register_key(
            connection, key, role=role, tenant=tenant, branch=None, person=f"dev-{role}", development=True
        )
    return keys


def _read(file: Path) -> dict[str, dict[str, str]]:
    try:
        kept: dict[str, dict[str, str]] = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    return kept
