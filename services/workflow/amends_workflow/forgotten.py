"""What is known of a customer, how far forgetting them has come, and the certificates of it: from the log itself."""

from __future__ import annotations

from typing import Any

from amends_domain.reference import reference_of
from amends_platform.cases import Cases
from amends_platform.erasing.certificates import Erasure, certificate, erasures_of
from amends_platform.erasing.customers import Customer, find_customer, told_of
from amends_platform.evidence.notes import Signer
from amends_platform.evidence.tree_head import checkpoint_at_or_after
from amends_platform.http.problems import Problem
from amends_platform.keyring import Keyring
from amends_platform.keystore.protocol import KeyStore
from amends_workflow.case_list import Scope
from amends_workflow.view import View


class Forgotten:
    """`signer` is None where nothing is signed: then there are no certificates."""

    def __init__(self, view: View, cases: Cases, keyring: Keyring, store: KeyStore, signer: Signer | None) -> None:
        self._view = view
        self._cases = cases
        self._keyring = keyring
        self._store = store
        self._signer = signer

    async def customer(self, ref: str, scope: Scope) -> Customer:
        """All of a customer, for those to whom no case of theirs is another branch's. Raises Problem: 403, 404."""
        customer = await find_customer(self._view, self._cases, scope.tenant, ref)
        seen = () if customer is None else [case for case in customer.cases if scope.sees(case.branch)]
        if customer is None or not seen:
            raise Problem(404, "no-such-customer", "No case that your key may see belongs to this customer.")
        if len(seen) < len(customer.cases):
            raise Problem(403, "other-branch", "The customer has cases of other branches than that of your key.")
        return customer

    async def known(self, customer: Customer) -> list[dict[str, Any]]:
        """What their complaints say of the customer, each once. Raises KeyStoreUnavailable, CannotUnseal."""
        told = await told_of(self._view, self._keyring, customer)
        return [each for number, each in enumerate(told) if each not in told[:number]]

    async def status(self, customer: Customer) -> dict[str, Any]:
        """The shape of ErasureStatus. Raises KeyStoreUnavailable."""
        asked = next((case.erasure for case in customer.cases if case.erasure is not None), None)
        erasures = await self.erasures(customer)
        is_erased = customer.key_id is None
        return {
            "customer_ref": customer.ref,
            "status": "erased" if is_erased else "kept" if asked is None else "requested",
            "requested_by": None if asked is None else asked.requested_by,
            "reason": None if asked is None else asked.reason,
            "held": [reference_of(case.first_position) for case in customer.cases if case.held],
            "cases": [
                {
                    "id": case.id,
                    "reference": reference_of(case.first_position),
                    "position": case.position,
                    "version": case.version,
                }
                for case in customer.cases
            ],
            "erasures": erasures,
            "certificate": erasures[-1]["certificate"] if is_erased and erasures else None,
        }

    async def erasures(self, customer: Customer) -> list[dict[str, Any]]:
        """The shape of ErasureRecord, the first first. Raises KeyStoreUnavailable."""
        return [await self._erasure(customer, erasure) for erasure in await erasures_of(self._view, customer)]

    async def _erasure(self, customer: Customer, erasure: Erasure) -> dict[str, Any]:
        signed = None if self._signer is None else await certificate(self._signer, self._store, customer.ref, erasure)
        covering = await checkpoint_at_or_after(self._view, erasure.cases[-1].position)
        return {
            "key_id": erasure.key_id,
            "requested_by": erasure.requested_by,
            "approved_by": erasure.approved_by,
            "reason": erasure.reason,
            "erased_at": erasure.erased_at,
            "cases": [
                {"id": case.id, "reference": case.reference, "position": case.position, "version": case.version}
                for case in erasure.cases
            ],
            "certificate": signed,
            "checkpoint": None if covering is None else covering.note,
        }
