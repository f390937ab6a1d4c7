"""The desk: takes each command to the cases it acts on, and answers once its events are durable."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from amends_domain.commands import Command, Link, Merge, OpenIncident, Receive
from amends_domain.decide import decide
from amends_domain.evolve import customer_of_incident
from amends_domain.transitions import hands_on
from amends_intake import refusals
from amends_intake.answers import Answered
from amends_intake.clerk import Clerk, Refused, Request
from amends_intake.incidents import act_on_children
from amends_intake.one_case import begin, give
from amends_intake.two_cases import link, merge
from amends_platform.ids import case_id_of_external_ref, uuid7

# What a name that names no case stands for: nobody has it.
_NOBODYS = UUID(int=0)


class Desk:
    """Takes commands, one desk per process. Every method raises Problem and StoreUnavailable."""

    def __init__(self, clerk: Clerk) -> None:
        self._clerk = clerk

    async def receive(self, command: Receive, request: Request) -> Answered:
        """Record a new complaint."""
        external_ref = command.external_ref
        known_as = None if external_ref is None else case_id_of_external_ref(request.principal.tenant, external_ref)
        outcome = await begin(self._clerk, known_as or uuid7(), command, command.customer_ref, request)
        return outcome if isinstance(outcome, Answered) else await self._refuse(outcome, command, request)

    async def open_incident(self, command: OpenIncident, request: Request) -> Answered:
        """Record a new incident."""
        incident_id = uuid7()
        outcome = await begin(self._clerk, incident_id, command, customer_of_incident(incident_id), request)
        return outcome if isinstance(outcome, Answered) else await self._refuse(outcome, command, request)

    async def command(self, name: str, command: Command, request: Request) -> Answered:
        """Give a command to the case, or to all cases of the incident, that `name`, an id or a reference, names."""
        case_id = await self._id_of(name)
        if await self._hands_on(case_id, command):
            outcome = await act_on_children(self._clerk, case_id, command, request)
        else:
            async with self._clerk.turns.of(case_id):
                outcome = await give(
                    self._clerk, case_id, command.NAME, lambda case, context: decide(case, command, context), request
                )
        return outcome if isinstance(outcome, Answered) else await self._refuse(outcome, command, request)

    async def command_with(
        self, name: str, other_name: str, command_with: Callable[[UUID], Command], request: Request
    ) -> Answered:
        """Give a command to the case called `name` that concerns the one called `other_name`, too."""
        case_id = await self._id_of(name)
        other_id = await self._clerk.cases.id_of(other_name) or _NOBODYS
        command = command_with(other_id)
        if isinstance(command, Merge):
            outcome = await merge(self._clerk, case_id, other_id, command, request)
        else:
            assert isinstance(command, Link), command
            outcome = await link(self._clerk, case_id, other_id, command, request)
        return outcome if isinstance(outcome, Answered) else await self._refuse(outcome, command, request)

    async def _id_of(self, name: str) -> UUID:
        case_id = await self._clerk.cases.id_of(name)
        if case_id is None:
            raise refusals.no_such_case()
        return case_id

    async def _hands_on(self, case_id: UUID, command: Command) -> bool:
        # Whether it is an incident never changes, so what is remembered is as good as the log.
        case = self._clerk.cases.remembered(case_id) or await self._clerk.cases.load(case_id)
        return case is not None and hands_on(case, command.NAME)

    async def _refuse(self, refused: Refused, command: Command, request: Request) -> Answered:
        return await self._clerk.refuse(refused, command.NAME, request)
