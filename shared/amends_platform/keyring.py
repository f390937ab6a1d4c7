"""The data keys in use: a bounded cache over the store's table of wrapped keys."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

import asyncpg

from amends_platform.sealing import CustomerKey, MasterKey

_CACHED_MAX = 20_000


class Keyring:
    """Finds the key of a customer, or of a sealed event. Safe for one event loop."""

    def __init__(self, pool: asyncpg.Pool, master: MasterKey) -> None:
        self._pool = pool
        self._master = master
        self._by_customer: OrderedDict[tuple[str, str], CustomerKey] = OrderedDict()

    def cached(self, tenant: str, customer_ref: str) -> CustomerKey | None:
        """The key if this process has used it lately."""
        return self._by_customer.get((tenant, customer_ref))

    def new(self, tenant: str, customer_ref: str) -> CustomerKey:
        """A key for a customer believed to be new. It counts only once an append has stored it: then `keep` it."""
        return self._master.new_key(tenant, customer_ref)

    def keep(self, key: CustomerKey) -> None:
        """Remember a key that the store holds."""
        self._by_customer[key.tenant, key.customer_ref] = key
        if len(self._by_customer) > _CACHED_MAX:
            self._by_customer.popitem(last=False)

    def adopt(self, tenant: str, customer_ref: str, key_id: UUID, wrapped: bytes) -> CustomerKey:
        """Unwrap and remember a key as the store holds it. Raises CannotUnseal."""
        key = self._master.unwrap(tenant, customer_ref, key_id, wrapped)
        self.keep(key)
        return key

    async def of_customer(self, tenant: str, customer_ref: str) -> CustomerKey | None:
        """The customer's key, from the cache or the store; None when there is none."""
        key = self.cached(tenant, customer_ref)
        if key is not None:
            return key
        row = await self._pool.fetchrow(
            "SELECT key_id, wrapped FROM data_keys WHERE tenant = $1 AND customer_ref = $2",
            tenant,
            customer_ref,
        )
        return None if row is None else self.adopt(tenant, customer_ref, row["key_id"], row["wrapped"])

    async def by_id(self, key_ids: Iterable[UUID]) -> dict[UUID, CustomerKey]:
        """The keys with these ids; an id that the store does not hold is left out."""
        rows = await self._pool.fetch(
            "SELECT key_id, tenant, customer_ref, wrapped FROM data_keys WHERE key_id = ANY($1)",
            list(set(key_ids)),
        )
        return {
            row["key_id"]: self.adopt(row["tenant"], row["customer_ref"], row["key_id"], row["wrapped"]) for row in rows
        }
