"""Erasing by whoever holds the database and the key store: nobody else has to agree, all else is as over HTTP."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import asyncpg

from amends_domain.decide import Rejection
from amends_domain.decisions.erasure import Recordings, erase_alone, given_away
from amends_domain.reference import reference_of
from amends_platform.cases import Cases
from amends_platform.erasing.certificates import Erasure, certificate, erasures_of
from amends_platform.erasing.customers import Customer, find_customer, holds_of, told_of
from amends_platform.erasing.recording import Entry, destroy, erase, rows_of
from amends_platform.evidence.notes import Signer
from amends_platform.failures import Failure
from amends_platform.ids import uuid7
from amends_platform.keyring import Keyring
from amends_platform.keystore.protocol import KeyStore
from amends_platform.policy.book import PolicyBook
from amends_store.records import Receipt

# Others may change a case of the customer's between our look and our append.
_ATTEMPTS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done. `before`: it had been done before, and was only made sure of."""

    customer: Customer
    erasure: Erasure
    certificate: str
    before: bool


class Administrator:
    """Erases customers of one tenant as `actor`. Raises Failure; StoreUnavailable, CannotUnseal, AppendRefused."""

    def __init__(self, pool: asyncpg.Pool, store: KeyStore, signer: Signer, *, tenant: str, actor: str) -> None:
        self._pool = pool
        self._store = store
        self._signer = signer
        self._tenant = tenant
        self._actor = actor
        self._cases = Cases(pool, tenant)
        self._keyring = Keyring(pool, store)
        self._policies = PolicyBook(pool)

    async def would_erase(self, customer_ref: str, reason: str) -> Customer:
        """The customer whom `erase` would erase, or has; nothing is done."""
        customer = await self._find(customer_ref)
        if not await self._is_done(customer):
            await self._decide(customer, reason)
        return customer

    async def erase(self, customer_ref: str, reason: str) -> Erased:
        """Record it on all of the customer's cases, destroy their key, and certify it. Once more is no harm."""
        await self._policies.refresh()
        await self._policies.learn_published(self._tenant)
        for _ in range(_ATTEMPTS_MAX):
            customer = await self._find(customer_ref)
            if await self._is_done(customer):
                return await self._certified(customer, before=True)
            decision = await self._decide(customer, reason)
            rows = rows_of(decision, self._entry(), self._receipt(customer_ref))
            if isinstance(await erase(self._pool, self._store, self._keyring, customer, self._tenant, rows), tuple):
                return await self._certified(await self._find(customer_ref), before=False)
        raise Failure("Others keep changing the customer's cases at this moment; nothing was erased. Try again.")

    async def _find(self, customer_ref: str) -> Customer:
        customer = await find_customer(self._pool, self._cases, self._tenant, customer_ref)
        if customer is None:
            raise Failure(f"No case belongs to a customer called {customer_ref}.")
        return customer

    async def _is_done(self, customer: Customer) -> bool:
        return customer.key_id is None and bool(await erasures_of(self._pool, customer))

    async def _decide(self, customer: Customer, reason: str) -> Recordings:
        key_id = None if customer.key_id is None else str(customer.key_id)
        decision = erase_alone(customer.cases, key_id, self._actor, reason)
        if isinstance(decision, Rejection):
            raise Failure(await self._in_words(decision, customer))
        given = given_away(reason, await told_of(self._pool, self._keyring, customer))
        if given is not None:
            raise Failure(given.detail)
        return decision

    async def _in_words(self, rejection: Rejection, customer: Customer) -> str:
        if rejection.code != "legal-hold":
            return rejection.detail
        holds = await holds_of(self._pool, self._keyring, customer)
        return " ".join((rejection.detail, *(f"{hold['reference']}: {hold['reason']}" for hold in holds)))

    async def _certified(self, customer: Customer, *, before: bool) -> Erased:
        erasure = (await erasures_of(self._pool, customer))[-1]
        if before:
            # A crash may have come between the record and the end of the key.
            await destroy(self._store, self._keyring, erasure.key_id)
        signed = await certificate(self._signer, self._store, customer.ref, erasure)
        if signed is None:
            raise Failure(f"The key store still holds the key {erasure.key_id}.")
        return Erased(customer, erasure, signed, before)

    def _entry(self) -> Entry:
        now = datetime.now(UTC)
        return Entry(self._tenant, self._actor, now, self._policies.in_force(now).hash, uuid7())

    def _receipt(self, customer_ref: str) -> Receipt:
        # Nobody will repeat it; it is how the store finds out what became of a commit whose answer was lost.
        return Receipt(self._actor, f"erase {uuid4()}", hashlib.sha256(customer_ref.encode()).digest(), b"")


def cases_in_words(customer: Customer) -> str:
    """How many cases, and which."""
    count = len(customer.cases)
    references = ", ".join(reference_of(case.first_position) for case in customer.cases)
    return f"{count} case{'' if count == 1 else 's'} ({references})"
