"""The data keys in use: a bounded cache over the key store, and new keys at hand for customers without one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from amends_platform.keystore.protocol import KeyMissing, KeyStore
from amends_platform.reasons import reason
from amends_platform.sealing import CustomerKey

_CACHED_MAX: Final = 20_000
# A new customer must not wait for the disk of the key store: so many keys are there beforehand.
_SPARE_MAX: Final = 512
_SPARE_MIN: Final = _SPARE_MAX // 2

log = structlog.get_logger()


class Keyring:
    """Finds the key of a customer, or of a sealed event. Safe for one event loop.

    Whatever asks the key store raises KeyStoreUnavailable; KeyMissing where it is not the right one.
    """

    def __init__(self, pool: asyncpg.Pool, store: KeyStore) -> None:
        self._pool = pool
        self._store = store
        self._keys: OrderedDict[UUID, CustomerKey] = OrderedDict()
        self._id_of: dict[tuple[str, str], UUID] = {}
        self._spare: deque[tuple[UUID, bytes]] = deque()
        self._refilling: asyncio.Task[None] | None = None

    async def stock(self) -> None:
        """Have new keys at hand before anybody asks for one."""
        await self._refill()

    def cached(self, tenant: str, customer_ref: str) -> CustomerKey | None:
        """The key if this process has used it lately."""
        key_id = self._id_of.get((tenant, customer_ref))
        return None if key_id is None else self._keys[key_id]

    async def new(self, tenant: str, customer_ref: str) -> CustomerKey:
        """A key for a customer believed to have none. It counts only once an append has brought it: then `keep` it."""
        while not self._spare:
            await self._refill()
        key_id, key = self._spare.popleft()
        if len(self._spare) < _SPARE_MIN:
            self._begin_refilling()
        return CustomerKey.of(key_id, tenant, customer_ref, key)

    def keep(self, key: CustomerKey) -> None:
        """Remember a key that the customer has, or is given with the first word that is sealed."""
        self._keys[key.key_id] = key
        self._id_of[key.tenant, key.customer_ref] = key.key_id
        if len(self._keys) > _CACHED_MAX:
            self.forget([next(iter(self._keys))])

    def forget(self, key_ids: Iterable[UUID]) -> None:
        """Have these keys no longer: they were erased, or the customer has another."""
        for key_id in key_ids:
            key = self._keys.pop(key_id, None)
            if key is not None and self._id_of.get((key.tenant, key.customer_ref)) == key_id:
                del self._id_of[key.tenant, key.customer_ref]

    def forget_all(self) -> None:
        """Ask for every key anew: what was seen of customers may not be in the log."""
        self.forget(list(self._keys))

    async def of_customer(self, tenant: str, customer_ref: str) -> CustomerKey | None:
        """The customer's key, from the cache or the store; None when there is none. Raises CannotUnseal."""
        key = self.cached(tenant, customer_ref)
        if key is not None:
            return key
        key_id = await self._pool.fetchval(
            "SELECT key_id FROM data_keys WHERE tenant = $1 AND customer_ref = $2 AND erased_at IS NULL",
            tenant,
            customer_ref,
        )
        if key_id is None:
            return None
        keys = await self._store.get([key_id])
        if not keys:
            await self._insist_on_erased([key_id])
            return None
        key = CustomerKey.of(key_id, tenant, customer_ref, keys[key_id])
        self.keep(key)
        return key

    async def by_id(self, key_ids: Iterable[UUID]) -> dict[UUID, CustomerKey]:
        """The keys with these ids; one that was erased is left out. Raises CannotUnseal."""
        rows = await self._rows(set(key_ids))
        known = {key_id: self._keys[key_id] for key_id in rows if key_id in self._keys}
        unknown = rows.keys() - known.keys()
        for key_id, key in (await self._store.get(unknown) if unknown else {}).items():
            known[key_id] = CustomerKey.of(key_id, rows[key_id]["tenant"], rows[key_id]["customer_ref"], key)
            self.keep(known[key_id])
        if missing := rows.keys() - known.keys():
            await self._insist_on_erased(missing)
        return known

    async def _insist_on_erased(self, key_ids: Iterable[UUID]) -> None:
        """A key that the store does not hold was erased between two questions, or the store is not the right one."""
        if missing := await self._rows(key_ids):
            raise KeyMissing(f"The key store does not hold the key {min(missing)}: is it the right one?")

    async def _rows(self, key_ids: Iterable[UUID]) -> Mapping[UUID, Any]:
        """Whose keys these are: those that were not erased."""
        rows = await self._pool.fetch(
            "SELECT key_id, tenant, customer_ref FROM data_keys WHERE key_id = ANY($1) AND erased_at IS NULL",
            list(key_ids),
        )
        return {row["key_id"]: row for row in rows}

    async def _refill(self) -> None:
        # Whoever gives up waiting must not stop it for the others.
        await asyncio.shield(self._begin_refilling())

    def _begin_refilling(self) -> asyncio.Task[None]:
        if self._refilling is None or self._refilling.done():
            self._refilling = asyncio.create_task(self._reserve(), name="spare-keys")
            self._refilling.add_done_callback(_say_if_failed)
        return self._refilling

    async def _reserve(self) -> None:
        self._spare.extend((await self._store.reserve(_SPARE_MAX - len(self._spare))).items())


def _say_if_failed(refilling: asyncio.Task[None]) -> None:
    if not refilling.cancelled() and (error := refilling.exception()) is not None:
        log.warning("no keys could be reserved", reason=reason(error))
