"""Putting a policy in force: from then on new decisions, and the clocks that they start, are judged by it.

What has happened stays judged by what was in force then; moving a clock that runs takes an event of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

import asyncpg

from amends_domain.policy import Policy
from amends_platform.failures import Failure
from amends_platform.policy.book import PolicyBook, keep, restored
from amends_platform.policy.files import LoadedPolicy

# Publications follow one another: who publishes second must see the first.
PUBLICATIONS: Final = "amends.publications"
_LOCK: Final = f"SELECT pg_advisory_xact_lock(hashtext('{PUBLICATIONS}'))"
BY_SETTING: Final = "setting:AMENDS_POLICY"


class CannotPublish(Failure):
    """The policy may not be put in force as it is."""


class Publication(NamedTuple):
    """A policy that was put in force at `published_at` (or on its `effective_from`, where that came later)."""

    name: str
    version: int
    hash: str
    effective_from: str
    published_at: datetime
    published_by: str


async def publish(conn: asyncpg.Connection, tenant: str, loaded: LoadedPolicy, by: str) -> Policy:
    """Put a policy in force. Raises CannotPublish.

    A version is published once: whoever changes a policy gives it the next version. The same document with days
    off that were not known before may be published again, and so may an earlier policy, to go back to it.
    """
    policy = loaded.policy
    async with conn.transaction():
        await conn.execute(_LOCK)
        await _check_version(conn, tenant, loaded)
        await keep(conn, loaded)
        await _put_in_force(conn, tenant, policy, by)
    return policy


async def publish_setting(pool: asyncpg.Pool, policies: PolicyBook, tenant: str, loaded: LoadedPolicy) -> None:
    """What AMENDS_POLICY names is put in force when it is new: other than what it named when a service last began.

    So a policy that somebody published since stays in force over restarts, until the setting changes.
    """
    policy = await policies.register(loaded)
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(_LOCK)
        before = await conn.fetchval(
            "SELECT policy_hash FROM publications WHERE tenant = $1 AND published_by = $2 ORDER BY id DESC LIMIT 1",
            tenant,
            BY_SETTING,
        )
        if before is None or before.hex() != policy.hash:
            await _put_in_force(conn, tenant, policy, BY_SETTING)
    await policies.learn_published(tenant)


async def publications(conn: asyncpg.Connection, tenant: str) -> list[Publication]:
    """Everything ever published, the latest first. Raises AlteredPolicy."""
    rows = await conn.fetch(
        "SELECT p.name, p.version, p.hash, p.document, p.calendar, u.published_at, u.published_by"
        " FROM publications AS u JOIN policies AS p ON p.hash = u.policy_hash WHERE u.tenant = $1 ORDER BY u.id DESC",
        tenant,
    )
    return [_publication(row) for row in rows]


async def _check_version(conn: asyncpg.Connection, tenant: str, loaded: LoadedPolicy) -> None:
    policy = loaded.policy
    is_known = await conn.fetchval(
        "SELECT bool_or(hash = $3 OR document = $4) FROM policies WHERE name = $1 AND version = $2",
        policy.name,
        policy.version,
        bytes.fromhex(policy.hash),
        loaded.document,
    )
    newest = await conn.fetchval(
        "SELECT max(p.version) FROM publications AS u JOIN policies AS p ON p.hash = u.policy_hash"
        " WHERE u.tenant = $1 AND p.name = $2",
        tenant,
        policy.name,
    )
    if is_known is False:
        raise CannotPublish(
            f"{policy.name} version {policy.version} is known with another content: give this one version "
            f"{max(policy.version, newest or 0) + 1}."
        )
    if is_known is None and newest is not None and policy.version < newest:
        raise CannotPublish(
            f"{policy.name} version {newest} was published: a new one is version {newest + 1} or later."
        )


async def _put_in_force(conn: Any, tenant: str, policy: Policy, by: str) -> None:
    await conn.execute(
        "INSERT INTO publications (tenant, policy_hash, published_by) VALUES ($1, $2, $3)",
        tenant,
        bytes.fromhex(policy.hash),
        by,
    )


def _publication(row: Any) -> Publication:
    policy = restored(row)
    return Publication(
        policy.name,
        policy.version,
        policy.hash,
        policy.effective_from.isoformat(),
        row["published_at"],
        row["published_by"],
    )
