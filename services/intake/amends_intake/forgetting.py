"""Commands about a customer, which act on all their cases at once: erasure asked for, approved, rejected.

As any command: decided on the log as it is, answered once it is durable, and the first answer again when repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from uuid import UUID

import orjson

from amends_domain.access.judging import OTHER_BRANCH, ROLE_NOT_ALLOWED, Answer, may
from amends_domain.commands import ApproveErasure, RejectErasure, RequestErasure
from amends_domain.decide import Context, Rejection
from amends_domain.decisions.erasure import ErasureCommand, Recordings, decide_erasure, given_away
from amends_domain.reference import reference_of
from amends_intake import refusals
from amends_intake.clerk import Clerk, Refused, Request
from amends_intake.one_case import ATTEMPTS_MAX
from amends_platform.erasing.customers import Customer, find_customer, holds_of, told_of
from amends_platform.erasing.recording import Entry, destroy, erase, rows_of
from amends_platform.keystore.protocol import KeyStore
from amends_store.erasing import StreamsChanged
from amends_store.read import find_receipt
from amends_store.records import Appended, DataKeyConflict, KeyReused, Receipt, Replayed, VersionConflict
from amends_store.together import Objection

_STATUS: Final = {RequestErasure: "requested", ApproveErasure: "erased", RejectErasure: "rejected"}
# Of what was recorded; a reason is not said again, for one of them is sealed.
_TOLD: Final = ("requested_by", "approved_by", "rejected_by", "key_id")


@dataclass(frozen=True, slots=True)
class CustomerAnswered:
    """An answer ready to send."""

    body: bytes
    is_repeat: bool


class Forgetting:
    """Takes erasure commands. Every method raises Problem and StoreUnavailable."""

    def __init__(self, clerk: Clerk, store: KeyStore) -> None:
        self._clerk = clerk
        self._store = store

    async def give(self, customer_ref: str, command: ErasureCommand, request: Request) -> CustomerAnswered:
        """Do what the command asks to the customer called so."""
        if request.if_version is not None:
            raise refusals.no_version()
        tenant = request.principal.tenant
        permission = may(request.principal.grants, command.NAME)
        for _ in range(ATTEMPTS_MAX):
            customer = await find_customer(self._clerk.pool, self._clerk.cases, tenant, customer_ref)
            if not permission.is_permitted:
                return await self._again(request) or await self._refuse_role(permission, customer, command, request)
            if customer is None:
                raise refusals.no_such_customer()
            context = self._clerk.context(request, command.NAME, *sorted({case.branch for case in customer.cases}))
            decision = await self._decide(customer, command, context)
            if isinstance(decision, Rejection):
                return await self._again(request) or await self._refuse(decision, customer, command, context, request)
            answer = _kept(customer, command, decision)
            verdict = await self._record(customer, command, decision, context, request, answer)
            match verdict:
                case tuple():
                    return CustomerAnswered(_filled(answer, verdict[-1].last_position), is_repeat=False)
                case Replayed():
                    return await self._repeated(verdict.answer, verdict.last_position)
                case KeyReused():
                    raise refusals.key_reused()
                case VersionConflict() | DataKeyConflict() | StreamsChanged():
                    continue
        raise refusals.too_contended()

    async def _decide(self, customer: Customer, command: ErasureCommand, context: Context) -> Recordings | Rejection:
        key_id = None if customer.key_id is None else str(customer.key_id)
        decision = decide_erasure(customer.cases, command, key_id, context)
        if isinstance(decision, Rejection) or not isinstance(command, RequestErasure):
            return decision
        told = await told_of(self._clerk.pool, self._clerk.keyring, customer)
        return given_away(command.reason, told) or decision

    async def _record(
        self,
        customer: Customer,
        command: ErasureCommand,
        decision: Recordings,
        context: Context,
        request: Request,
        answer: bytes,
    ) -> tuple[Appended, ...] | Objection | StreamsChanged:
        clerk, principal = self._clerk, request.principal
        entry = Entry(principal.tenant, principal.id, context.now, context.policy.hash, request.correlation_id)
        receipt = Receipt(principal.id, request.idempotency_key, request.request_hash, answer)
        if isinstance(command, ApproveErasure):
            rows = rows_of(decision, entry, receipt)
            return await erase(
                clerk.pool, self._store, clerk.keyring, customer, principal.tenant, rows, on_commit=clerk.on_commit
            )
        # What is written about a rejection is sealed; a request has nothing that could be.
        key = await clerk.key_of(customer.ref, request) if isinstance(command, RejectErasure) else None
        verdict = await clerk.append_together(*rows_of(decision, entry, receipt, key))
        if isinstance(verdict, DataKeyConflict) and key is not None:
            clerk.keyring.forget([key.key_id])
        return verdict

    async def _again(self, request: Request) -> CustomerAnswered | None:
        """The first answer, where this request was carried out before. Raises a problem where its key was."""
        principal = request.principal
        receipt = await find_receipt(self._clerk.pool, principal.tenant, principal.id, request.idempotency_key)
        if receipt is None:
            return None
        if receipt.request_hash != request.request_hash:
            raise refusals.key_reused()
        return await self._repeated(receipt.answer, receipt.last_position)

    async def _repeated(self, answer: bytes, last_position: int) -> CustomerAnswered:
        key_id = orjson.loads(answer).get("key_id")
        if key_id is not None:
            # The first time may have ended between the two: an answer says that the key is destroyed.
            await destroy(self._store, self._clerk.keyring, UUID(key_id))
        return CustomerAnswered(_filled(answer, last_position), is_repeat=True)

    async def _refuse_role(
        self, permission: Answer, customer: Customer | None, command: ErasureCommand, request: Request
    ) -> NoReturn:
        """For whoever may do it to nobody: the same, whether there is such a customer or not."""
        rejection = Rejection(ROLE_NOT_ALLOWED, f"The role {permission.grant.role} may not {command.NAME}.")
        case = None if customer is None else customer.cases[0]
        await self._clerk.keep_for_audit(Refused(rejection, case, permission.grant), command.NAME, request)
        raise refusals.of_customer(rejection)

    async def _refuse(
        self, rejection: Rejection, customer: Customer, command: ErasureCommand, context: Context, request: Request
    ) -> NoReturn:
        refused = Refused(rejection, customer.cases[0], context.actor.grant)
        await self._clerk.keep_for_audit(refused, command.NAME, request)
        grants = request.principal.grants
        if rejection.code == OTHER_BRANCH and not any(
            may(grants, "read-erasure", case.branch).is_permitted for case in customer.cases
        ):
            # Of a customer none of whose cases they may see they are not told that there is one.
            raise refusals.no_such_customer()
        members: dict[str, Any] = {}
        if rejection.code == "legal-hold":
            # Everybody who may ask for an erasure may read what is written about the customer.
            held = await holds_of(self._clerk.pool, self._clerk.keyring, customer)
            await self._clerk.keep_reading("legal-holds", customer.ref, context, request)
            members["holds"] = held
        raise refusals.of_customer(rejection, **members)


def _kept(customer: Customer, command: ErasureCommand, decision: Recordings) -> bytes:
    """The answer but for the positions, which follow one another."""
    _, event = decision[0]
    said: dict[str, Any] = {"customer_ref": customer.ref, "status": _STATUS[type(command)]}
    said |= {name: value for name in _TOLD if (value := getattr(event, name, None)) is not None}
    cases = [{"id": str(case.id), "reference": reference_of(case.first_position)} for case, _ in decision]
    return orjson.dumps({**said, "cases": cases})


def _filled(kept: bytes, last_position: int) -> bytes:
    answer = orjson.loads(kept)
    cases: Sequence[dict[str, Any]] = answer["cases"]
    for position, case in enumerate(cases, last_position - len(cases) + 1):
        case["position"] = position
    return orjson.dumps(answer)
