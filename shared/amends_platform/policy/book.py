"""The policies a process knows: those published, of which one is in force, and by hash every one ever used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from typing import Any, TypeVar

import asyncpg
import orjson

from amends_domain.clocks import UnknownPolicy
from amends_domain.policy import Policy
from amends_platform.failures import Failure
from amends_platform.policy.files import LoadedPolicy, PolicyFileError, restore_policy
from amends_store.read import Executor

T = TypeVar("T")


class AlteredPolicy(Failure):
    """A policy in the database is not the one that was registered under its hash: nothing may be judged by it."""


class PolicyBook:
    """Policies by hash. A policy is restored from the database exactly as it was when it was registered."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._by_hash: dict[str, Policy] = {}
        # With when each begins: every decision asks.
        self._published: list[tuple[datetime, Policy]] = []
        self._last_publication = 0

    @property
    def known(self) -> Mapping[str, Policy]:
        return self._by_hash

    async def register(self, loaded: LoadedPolicy) -> Policy:
        """Keep the policy in the database, if it is not there, and know it from now on.

        The same document may come with other days, when a newer release knows more holidays: the days that this
        version was registered with stay in force, until the document gets a new version. Raises AlteredPolicy.
        """
        registered = await self._pool.fetchrow(
            "SELECT * FROM policies WHERE name = $1 AND version = $2 AND document = $3 ORDER BY registered_at LIMIT 1",
            loaded.read.name,
            loaded.read.version,
            loaded.document,
        )
        if registered is None:
            await keep(self._pool, loaded)
            # What is there under this hash may be something else.
            policy_hash = bytes.fromhex(loaded.policy.hash)
            registered = await self._pool.fetchrow("SELECT * FROM policies WHERE hash = $1", policy_hash)
        policy = restored(registered)
        self._by_hash[policy.hash] = policy
        return policy

    def in_force(self, now: datetime) -> Policy:
        """The policy that new decisions are made by: of those published, the last whose day has come.

        While none has, the first one. Call `learn_published` before, and again and again.
        """
        for begins_at, policy in reversed(self._published):
            if begins_at <= now:
                return policy
        return self._published[0][1]

    async def learn_published(self, tenant: str) -> None:
        """Learn what was published since. Raises AlteredPolicy."""
        rows = await self._pool.fetch(
            "SELECT id, policy_hash FROM publications WHERE tenant = $1 AND id > $2 ORDER BY id",
            tenant,
            self._last_publication,
        )
        if any(row["policy_hash"].hex() not in self._by_hash for row in rows):
            await self.refresh()
        for row in rows:
            policy = self._by_hash[row["policy_hash"].hex()]
            self._published.append((begins(policy), policy))
            self._last_publication = row["id"]

    async def refresh(self) -> None:
        """Learn the policies that others registered since. Raises AlteredPolicy."""
        rows = await self._pool.fetch(
            "SELECT * FROM policies WHERE NOT hash = ANY($1)", [bytes.fromhex(known) for known in self._by_hash]
        )
        for row in rows:
            self._by_hash[row["hash"].hex()] = restored(row)

    async def judge(self, judgement: Callable[[Mapping[str, Policy]], T]) -> T:
        """`judgement(policies)`, learning first what it misses. Raises UnknownPolicy when nobody registered it, and
        AlteredPolicy.
        """
        try:
            return judgement(self._by_hash)
        except UnknownPolicy:
            await self.refresh()
            return judgement(self._by_hash)


async def keep(executor: Executor, loaded: LoadedPolicy) -> None:
    """Keep the policy in the database, with these days, so that it can be restored for ever."""
    await executor.execute(
        "INSERT INTO policies (hash, name, version, document, calendar) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (hash) DO NOTHING",
        bytes.fromhex(loaded.policy.hash),
        loaded.policy.name,
        loaded.policy.version,
        loaded.document,
        orjson.dumps(loaded.calendar).decode(),
    )


def restored(row: Mapping[str, Any]) -> Policy:
    """The policy that was registered in this row of `policies`, whole. Raises AlteredPolicy if it is another by now."""
    policy_hash = row["hash"].hex()
    name = f"The policy {row['name']} {row['version']} ({policy_hash[:12]}…)"
    try:
        policy = restore_policy(row["document"], orjson.loads(row["calendar"]))
    except (PolicyFileError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AlteredPolicy(f"{name} cannot be read in the database any more: {error}") from error
    if (policy.hash, policy.name, policy.version) != (policy_hash, row["name"], row["version"]):
        raise AlteredPolicy(f"{name} was altered in the database: it is not what its hash is of.")
    return policy


def begins(policy: Policy) -> datetime:
    """When its day begins, from which on it may be in force."""
    # In UTC, as what it is compared with: two zones are compared at three times the price.
    return datetime.combine(policy.effective_from, time(0), policy.calendar.timezone).astimezone(UTC)
