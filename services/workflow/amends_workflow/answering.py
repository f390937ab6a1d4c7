"""What the questions are answered from, and who asks: what every route is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request

from amends_domain.access.purposes import PURPOSES
from amends_domain.access.table import TABLE
from amends_platform.cases import Cases
from amends_platform.evidence.notes import Signer, Verifier
from amends_platform.policy.book import PolicyBook
from amends_workflow.enquiries import Enquirer, Enquiries
from amends_workflow.forgotten import Forgotten
from amends_workflow.live.stream import Live
from amends_workflow.past_queue import PastQueue
from amends_workflow.reports.measuring import Measuring
from amends_workflow.reports.packs import Packs
from amends_workflow.unsealing import PURPOSE_HEADER
from amends_workflow.view import View


@dataclass(frozen=True, slots=True)
class Answering:
    """What the questions are answered from."""

    tenant: View
    """All that is the tenant's, whatever branch it is of. What somebody may see of it is `view_of` them."""
    enquiries: Enquiries
    cases: Cases
    policies: PolicyBook
    past: PastQueue
    signer: Signer | None
    """Signs what is proof, with the key that checkpoints are signed with here; None where nothing is signed."""
    earlier_keys: tuple[Verifier, ...]
    """Those that checkpoints were signed with here before, the first one first."""
    forgotten: Forgotten
    live: Live
    packs: Packs
    measuring: Measuring

    def view_of(self, asked: Enquirer, action: str | None = None) -> View:
        """What of the log and the read model they may see, for what they asked or for another action."""
        return self.tenant.of_branches(asked.may(action or asked.action).branches)

    @property
    def verifier(self) -> Verifier | None:
        return None if self.signer is None else self.signer.verifier


# Not plain functions: FastAPI would send those through a thread pool.
async def _answering(request: Request) -> Answering:
    answering: Answering = request.app.state.answering
    return answering


Of = Annotated[Answering, Depends(_answering)]


_PURPOSE: Final = Header(
    alias=PURPOSE_HEADER,
    description="what names, numbers and words are read for; not needed where the role has a usual purpose"
    " (docs/access.md). Each reading is recorded.",
    json_schema_extra={"enum": list(PURPOSES)},
)


def asking(action: str, *, opens: bool = False) -> Any:
    """Who asks for what the table of `amends_domain.access` calls so: the dependency of a route. `opens`: what is
    sealed may be in the answer."""
    assert action in TABLE, action

    async def admitted(request: Request, of: Of) -> Enquirer:
        return await of.enquiries.admit(request, action, None)

    async def reading(request: Request, of: Of, purpose: Annotated[str | None, _PURPOSE] = None) -> Enquirer:
        return await of.enquiries.admit(request, action, purpose)

    dependency = reading if opens else admitted
    # By which a test finds each route's row.
    dependency.action = action  # type: ignore[attr-defined]
    return Depends(dependency)
