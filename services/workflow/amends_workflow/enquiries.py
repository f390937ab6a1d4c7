"""Who may ask what: every question passes here before it is answered."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from starlette.requests import Request

from amends_domain.authority import MAY_READ_CASES, MAY_READ_PERSONAL_DATA, MAY_READ_REFUSALS
from amends_domain.case import ALL_BRANCHES, Case
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
    """Somebody who may ask, and what of the tenant they may see."""

    scope: Scope
    role: str
    person: str

    @property
    def branches(self) -> frozenset[str] | None:
        """The branches whose cases they may see, None for all: of one branch, its own and the incidents of all."""
        return None if self.scope.branch is None else frozenset({self.scope.branch, ALL_BRANCHES})

    @property
    def may_read_personal_data(self) -> bool:
        return self.role in MAY_READ_PERSONAL_DATA

    @property
    def may_read_refusals(self) -> bool:
        return self.role in MAY_READ_REFUSALS

    def sees(self, case: Case | None) -> bool:
        """Whether they may see it. Cases of one branch may belong to the mass incidents of all branches."""
        return case is not None and self.sees_branch(self.scope.tenant, case.branch)

    def sees_branch(self, tenant: str, branch: str) -> bool:
        """Whether they may see what is of this branch of this tenant."""
        return tenant == self.scope.tenant and (self.branches is None or branch in self.branches)


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

    async def admit(self, request: Request) -> Enquirer:
        """Who asks. Raises Problem: 401, 403 or 429."""
        return await self.admit_by(request, request.headers.get("authorization"))

    async def admit_by(self, request: Request, authorization: str | None) -> Enquirer:
        """Whom this Authorization header names, whichever the request has. Raises as `admit`."""
        principal = await self._admission.admit(request.scope, authorization)
        if principal.tenant != self._tenant:
            raise Problem(403, "other-tenant", "Your key belongs to another tenant than this service.")
        if principal.role not in MAY_READ_CASES:
            raise Problem(403, "role-not-allowed", f"The role {principal.role} may not read cases.")
        return _enquirer(principal)

    async def still_admits(self, authorization: str | None, enquirer: Enquirer) -> bool:
        """Whether who was admitted by this header still would be, and to the same. Raises asyncpg's errors."""
        try:
            return _enquirer(await self._admission.principal(authorization)) == enquirer
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

    def reader(self, enquirer: Enquirer) -> Reader:
        """What shows events to this enquirer, with as much as they may see."""
        return Reader(self._keyring if enquirer.may_read_personal_data else None)


def _enquirer(principal: Principal) -> Enquirer:
    return Enquirer(Scope(principal.tenant, principal.branch), principal.role, principal.id)


def no_such_case() -> Problem:
    return Problem(404, "no-such-case", "There is no such case, or it belongs to a branch that your key is not for.")
