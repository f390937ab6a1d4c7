"""Who may ask what: every question passes here before it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from starlette.requests import Request

from amends_domain.access.grants import Grants
from amends_domain.access.judging import Answer, may
from amends_domain.case import Case
from amends_platform.cases import Cases
from amends_platform.guarding.admission import Admission
from amends_platform.keyring import Keyring
from amends_platform.principals import Principal
from amends_platform.problems import Problem
from amends_workflow.case_list import Scope
from amends_workflow.events import Reader
from amends_workflow.parameters import Parameters
from amends_workflow.projecting import Projecting

_WAIT_SECONDS_MAX = 5.0


class Enquirer(NamedTuple):
    """Somebody who was admitted to ask for `action`, and what of the tenant they may see of it."""

    tenant: str
    person: str
    grants: Grants
    action: str

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
        projecting: Projecting,
    ) -> None:
        self._admission = admission
        self._tenant = tenant
        self._cases = cases
        self._keyring = keyring
        self._projecting = projecting

    async def admit(self, request: Request, action: str) -> Enquirer:
        """Who asks for what the table calls so. Raises Problem: 401, 403 or 429."""
        return await self.admit_by(request, request.headers.get("authorization"), action)

    async def admit_by(self, request: Request, authorization: str | None, action: str) -> Enquirer:
        """Whom this Authorization header names, whichever the request has. Raises as `admit`."""
        principal = await self._admission.admit(request.scope, authorization)
        if principal.tenant != self._tenant:
            raise Problem(403, "other-tenant", "Your key belongs to another tenant than this service.")
        answer = may(principal.grants, action)
        if answer.code is not None:
            raise not_permitted(answer, action)
        return _enquirer(principal, action)

    async def still_admits(self, authorization: str | None, enquirer: Enquirer) -> bool:
        """Whether who was admitted by this header still would be, and to the same. Raises asyncpg's errors."""
        try:
            return _enquirer(await self._admission.principal(authorization), enquirer.action) == enquirer
        except Problem:
            return False

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

    def reader(self, enquirer: Enquirer, branch: str) -> Reader:
        """What shows events of this branch to this enquirer, with as much as they may see."""
        may_open = enquirer.may("read-personal-data", branch).is_permitted
        return Reader(self._keyring if may_open else None)

    def reader_of_cases(self, enquirer: Enquirer, branches: Mapping[UUID, str]) -> Reader:
        """As `reader`, of several cases, each of its branch."""
        opened = frozenset(
            case_id for case_id, branch in branches.items() if enquirer.may("read-personal-data", branch).is_permitted
        )
        return Reader(self._keyring if opened else None, opened)


def _enquirer(principal: Principal, action: str) -> Enquirer:
    return Enquirer(principal.tenant, principal.id, principal.grants, action)


def not_permitted(answer: Answer, action: str) -> Problem:
    """For whoever is granted nothing that permits it anywhere."""
    return Problem(403, "role-not-allowed", f"The role {answer.grant.role} may not {action}.")


def no_such_case() -> Problem:
    return Problem(404, "no-such-case", "There is no such case, or it belongs to a branch that your key is not for.")
