"""Who may ask what: every question passes here before it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import NamedTuple
from uuid import UUID

import asyncpg
import structlog
from starlette.requests import Request

from amends_domain.access.grants import Grants, lowest
from amends_domain.access.judging import Answer, may
from amends_domain.access.purposes import PURPOSE_MISSING, PURPOSE_NOT_ALLOWED, PURPOSES, Opening, opening
from amends_domain.case import Case
from amends_platform.cases import Cases
from amends_platform.guarding.admission import Admission
from amends_platform.http.problems import Problem
from amends_platform.keyring import Keyring
from amends_platform.telemetry.current import correlation_of, seen
from amends_store.errors import AppendRefused, StoreUnavailable
from amends_store.readings import Reading, record_reading
from amends_workflow.case_list import Scope
from amends_workflow.parameters import Parameters
from amends_workflow.projecting import Projecting
from amends_workflow.unsealing import PURPOSE_HEADER, Reader

log = structlog.get_logger()

_WAIT_SECONDS_MAX = 5.0


class Enquirer(NamedTuple):
    """Somebody who was admitted to ask for `action`, and what of the tenant they may see of it. `purpose` is what they
    say that they read personal data for; None where they do not say."""

    tenant: str
    person: str
    grants: Grants
    action: str
    purpose: str | None
    correlation_id: UUID

    def may(self, action: str, branch: str | None = None) -> Answer:
        """What the table says of them, of what is of this branch."""
        return may(self.grants, action, branch)

    @property
    def scope(self) -> Scope:
        """What is listed and counted for them."""
        return self.scope_of(self.action)

    def scope_of(self, action: str) -> Scope:
        """What is listed and counted for them of another action."""
        own = self.may(action).own_branches
        return Scope(self.tenant, None if own is None else tuple(sorted(own)))

    @property
    def only_branch(self) -> str | None:
        """Their branch, where it is one alone."""
        own = self.scope.branches
        return own[0] if own is not None and len(own) == 1 else None

    @property
    def branches(self) -> frozenset[str] | None:
        """The branches whose cases they may see, None for all: of one branch, its own and the incidents of all."""
        return self.may(self.action).branches

    def sees(self, case: Case | None) -> bool:
        """Whether they may see it. Cases of one branch may belong to the mass incidents of all branches."""
        return case is not None and self.sees_branch(self.tenant, case.branch)

    def sees_branch(self, tenant: str, branch: str) -> bool:
        """Whether they may see what is of this branch of this tenant."""
        return tenant == self.tenant and self.may(self.action, branch).is_permitted


class Enquiries:
    """The desk at which questions are admitted."""

    def __init__(
        self,
        *,
        admission: Admission,
        tenant: str,
        cases: Cases,
        keyring: Keyring,
        pool: asyncpg.Pool,
        projecting: Projecting,
    ) -> None:
        self._admission = admission
        self._tenant = tenant
        self._cases = cases
        self._keyring = keyring
        self._pool = pool
        self._projecting = projecting

    async def admit(self, request: Request, action: str, purpose: str | None) -> Enquirer:
        """Who asks for what the table calls so. Raises Problem: 401, 403, 422 or 429."""
        if purpose is not None and purpose not in PURPOSES:
            raise Problem(422, "no-such-purpose", f"{PURPOSE_HEADER} is one of {', '.join(PURPOSES)}.")
        return await self.admit_by(request, request.headers.get("authorization"), action, purpose)

    async def admit_by(
        self, request: Request, authorization: str | None, action: str, purpose: str | None = None
    ) -> Enquirer:
        """Whom this Authorization header names, whichever the request has. Raises as `admit`."""
        principal = await self._admission.admit(request.scope, authorization)
        if principal.tenant != self._tenant:
            raise Problem(403, "other-tenant", "Your key belongs to another tenant than this service.")
        answer = may(principal.grants, action)
        if answer.code is not None:
            raise not_permitted(answer, action)
        correlation_id = correlation_of(request.headers.get("traceparent"), seen(request.scope))
        return Enquirer(principal.tenant, principal.id, principal.grants, action, purpose, correlation_id)

    async def still_admits(self, authorization: str | None, enquirer: Enquirer) -> bool:
        """Whether who was admitted by this header still would be, and to the same. Raises asyncpg's errors."""
        try:
            principal = await self._admission.principal(authorization)
        except Problem:
            return False
        return (principal.tenant, principal.id, principal.grants) == enquirer[:3]

    async def wait(self, parameters: Parameters) -> None:
        """Wait until what is asked for can be seen. Raises a 503 problem when it takes too long."""
        if parameters.min_position is not None:
            await self.wait_for(parameters.min_position)

    async def wait_for(self, position: int) -> None:
        """Wait until what the log holds at the position can be seen. Raises a 503 problem when it takes too long."""
        if not await self._projecting.reached(position, _WAIT_SECONDS_MAX):
            raise Problem(
                503,
                "not-yet-visible",
                f"Position {position} is not visible here yet. Ask again.",
                headers={"Retry-After": "1"},
            )

    async def case(self, enquirer: Enquirer, name: str) -> Case:
        """The case called `name` (an id or a reference) as it is now. Raises a 404 problem."""
        case = await self._cases.load(await self.case_id(name))
        if case is None or not enquirer.sees(case):
            raise no_such_case()
        return case

    async def absorbed(self, case: Case) -> list[Case]:
        """The cases that were merged into this one, and into those."""
        found: list[Case] = []
        for name in case.absorbed:
            merged = await self._cases.load(UUID(name))
            if merged is not None:
                found += [merged, *await self.absorbed(merged)]
        return found

    async def case_id(self, name: str) -> UUID:
        """The id of the case called `name`. Raises a 404 problem."""
        case_id = await self._cases.id_of(name)
        if case_id is None:
            raise no_such_case()
        return case_id

    def reader(self, enquirer: Enquirer, answer: str, case: Case) -> Reader:
        """What shows this enquirer the events of a case, and of those that were merged into it, with as much as they
        may see. `answer`: into which kind of answer they go. Raises a 403 problem."""
        opened = self.opening(enquirer, "read-personal-data", case.branch)
        shows_staff = enquirer.may("read-complained-of", case.branch).is_permitted
        return Reader(
            self._keyring,
            lambda _: opened,
            self._record(enquirer, answer, case.customer_ref, case.id),
            lambda _: shows_staff,
        )

    def reader_for_words(self, enquirer: Enquirer, case: Case) -> Reader | None:
        """As `reader`, for a bundle of evidence, whole or without any words: None where these may not be opened."""
        opened = self.opening(enquirer, "read-personal-data", case.branch)
        return self.reader(enquirer, "evidence", case) if opened.is_open else None

    def reader_of_customer(self, enquirer: Enquirer, answer: str, ref: str, branches: Mapping[UUID, str]) -> Reader:
        """As `reader`, of the cases of one customer, each of its branch."""
        openings = {branch: self.opening(enquirer, "read-personal-data", branch) for branch in set(branches.values())}
        return Reader(
            self._keyring,
            lambda case_id: openings[branches[case_id]],
            self._record(enquirer, answer, ref, None),
            lambda case_id: enquirer.may("read-complained-of", branches[case_id]).is_permitted,
        )

    def reader_of_all(
        self, enquirer: Enquirer, answer: str, ref: str, branches: Collection[str], usual: str
    ) -> tuple[Reader, Opening]:
        """As `reader`, of all of a customer's cases, which are of these branches, for one who is admitted to each.
        `usual` is the purpose where none is named. By the lowest of the grants: nobody reads in a branch for what they
        may in another only. Raises a 403 problem where one of them may not be opened."""
        openings = {
            opened.grant: opened
            for branch in branches
            for opened in (self.opening(enquirer, enquirer.action, branch, usual),)
        }
        opened = openings[lowest(tuple(openings))]
        code = next((each.code for each in openings.values() if each.code is not None), None)
        if code is not None:
            raise _no_purpose(code)
        record = self._record(enquirer, answer, ref, None)
        return Reader(self._keyring, lambda _: opened, record, lambda _: True), opened

    def opening(self, enquirer: Enquirer, action: str, branch: str | None, usual: str | None = None) -> Opening:
        """Whether they may open what is sealed, for the purpose that they say. Raises a 403 problem where it is none of
        theirs."""
        opened = opening(enquirer.grants, action, branch, enquirer.purpose, usual)
        if opened.code == PURPOSE_NOT_ALLOWED:
            raise _no_purpose(opened.code)
        return opened

    def _record(
        self, enquirer: Enquirer, answer: str, ref: str, case_id: UUID | None
    ) -> Callable[[Opening], Awaitable[None]]:
        async def record(opened: Opening) -> None:
            role, branch = opened.grant
            told = Reading(
                enquirer.tenant,
                enquirer.person,
                role,
                branch,
                opened.purpose,
                answer,
                case_id,
                ref,
                enquirer.correlation_id,
            )
            try:
                await record_reading(self._pool, told)
            except (StoreUnavailable, AppendRefused) as error:
                log.error("a reading of personal data cannot be recorded", error=type(error.__cause__).__name__)
                detail = "That you read this cannot be recorded just now, so it is not shown. Ask again."
                raise Problem(503, "reading-not-recorded", detail, headers={"Retry-After": "2"}) from error

        return record


def _no_purpose(code: str) -> Problem:
    listed = ", ".join(PURPOSES)
    if code == PURPOSE_MISSING:
        return Problem(403, "purpose-missing", f"Say what you read it for: {PURPOSE_HEADER}, one of {listed}.")
    return Problem(403, "purpose-not-allowed", "Personal data is not read for this purpose in your role.")


def not_permitted(answer: Answer, action: str) -> Problem:
    """For whoever is granted nothing that permits it anywhere."""
    return Problem(403, "role-not-allowed", f"The role {answer.grant.role} may not {action}.")


def no_such_case() -> Problem:
    return Problem(404, "no-such-case", "There is no such case, or it belongs to a branch that your key is not for.")
