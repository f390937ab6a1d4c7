"""Plays the story: each part's commands at their time, over HTTP, by whoever has the role."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, NamedTuple

from amends_client import AsyncIntake, Problem
from amends_client.calling import command
from amends_platform.clients import Address, detail_of
from amends_platform.demo.steps import AGENT, HANDLER, HEAD, SUPERVISOR, Moment, Part, Step
from amends_platform.failures import Failure


class Told(NamedTuple):
    """Something that happened in the story: `role` did it, or (None) the customer. `refusal` is why intake would not
    have it, where it would not."""

    role: str | None
    reference: str
    words: str
    refusal: str | None


class Stage:
    """The people, each with a key. `tell` hears what they do; `customers` are known by the references of their cases,
    `told` holds those whose story is told."""

    def __init__(self, intake_url: str, keys: Mapping[str, str], tell: Callable[[Told], None]) -> None:
        self._addresses = {
            role: Address("intake", intake_url, keys[role]) for role in (AGENT, HANDLER, SUPERVISOR, HEAD)
        }
        self._tell = tell
        self._clients: dict[str, AsyncIntake] = {}
        self.customers: dict[str, str] = {}
        self.told: set[str] = set()
        self.position = 0
        self.commands = 0

    async def play(self, parts: tuple[Part, ...], samples: Mapping[str, Mapping[str, Any]]) -> None:
        """Play all parts, side by side. Raises CannotReach, Failure."""
        began = asyncio.get_running_loop().time()
        async with AsyncExitStack() as stack:
            for role, address in self._addresses.items():
                self._clients[role] = await stack.enter_async_context(address.intake())
            try:
                async with asyncio.TaskGroup() as group:
                    for part in parts:
                        group.create_task(self._part(part, samples[part.sample], began + part.seconds))
            except ExceptionGroup as failures:
                # One is enough to tell; what fails one part fails them all.
                raise failures.exceptions[0] from failures

    async def _part(self, part: Part, sample: Mapping[str, Any], begins: float) -> None:
        await _until(begins)
        customer = str(sample["customer"].get("name", "the customer"))
        try:
            case = await self._post(AGENT, "/v1/complaints", sample)
        except Problem as problem:
            raise Failure(f"{part.sample} was not taken: {detail_of(problem.body)}") from problem
        self._heard(case)
        self.customers[case["reference"]] = customer
        if part.told:
            self.told.add(case["reference"])
        began = asyncio.get_running_loop().time()
        self._say(part.told, AGENT, case["reference"], customer, None)
        contact_position: int | None = None
        for step in part.steps:
            await _until(began + step.seconds)
            answer = await self._step(step, case, customer, contact_position)
            if answer is not None and step.path == "contacts":
                contact_position = answer["position"]

    async def _step(self, step: Step, case: Any, customer: str, contact_position: int | None) -> Any:
        """The answer; None when it was refused, which some steps are meant to be."""
        moment = Moment(datetime.now(UTC), contact_position)
        body = step.body(moment) if callable(step.body) else step.body
        answer, refusal = None, None
        try:
            answer = await self._post(step.role, f"/v1/complaints/{case['id']}/{step.path}", body)
        except Problem as problem:
            refusal = detail_of(problem.body)
        self._say(step.told, step.role, case["reference"], customer, refusal)
        if answer is not None:
            self._heard(answer)
        return answer

    async def _post(self, role: str, path: str, body: Mapping[str, Any]) -> Any:
        self.commands += 1
        return (await self._clients[role].send(command(path, body, None, None))).json()

    def _heard(self, answer: Any) -> None:
        self.position = max(self.position, answer["position"])

    def _say(self, words: str, role: str, reference: str, customer: str, refusal: str | None) -> None:
        if words:
            who = None if words.startswith("{customer}") else role
            self._tell(Told(who, reference, words.format(customer=customer), refusal))


async def _until(at: float) -> None:
    await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
