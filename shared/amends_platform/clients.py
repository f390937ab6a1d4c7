"""The two services as a command sees them: where they are, with which key, and what they refuse, in one line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import orjson

from amends_client import AsyncIntake, AsyncWorkflow, Problem
from amends_client.calling import SECONDS_MAX
from amends_platform.failures import CannotReach, Failure, WrongUsage
from amends_platform.settings import Settings
from amends_platform.supervising.running import Running, SeveralRunning, find_running

ServiceName = Literal["intake", "workflow"]


@dataclass(frozen=True, slots=True)
class Address:
    """A service and the key to ask it with. `purpose`: what personal data is read for, where that is to be said."""

    service: ServiceName
    url: str
    key: str
    purpose: str | None = None

    @asynccontextmanager
    async def intake(self) -> AsyncIterator[AsyncIntake]:
        """A client that gives commands. Within it, what is refused is raised as `failure_of` says, or CannotReach."""
        async with self._told(), AsyncIntake(self.url, self.key, attempts=1) as client:
            yield client

    @asynccontextmanager
    async def workflow(self, *, seconds_max: float | None = None) -> AsyncIterator[AsyncWorkflow]:
        """A client that asks. Raises as `intake`. `seconds_max`: how long an answer may take, where that is unusual."""
        timeout = SECONDS_MAX if seconds_max is None else seconds_max
        async with self._told(), AsyncWorkflow(self.url, self.key, attempts=1, timeout=timeout) as client:
            yield client

    @asynccontextmanager
    async def _told(self) -> AsyncIterator[None]:
        # Whoever sits at a terminal is told at once: nothing is tried again.
        try:
            yield
        except Problem as problem:
            raise failure_of(problem.status, problem.body) from problem
        except httpx.TransportError as error:
            raise unreachable(self.url, str(error) or type(error).__name__) from error


def find_service(service: ServiceName, settings: Settings, role: str) -> Address:
    """Where the settings say, else at the running `amends up`, whose key of `role` is used unless one is set.

    Raises CannotReach when nothing says where, WrongUsage when there is no key for it.
    """
    url = settings.intake_url if service == "intake" else settings.workflow_url
    key = settings.api_key.get_secret_value() if settings.api_key is not None else None
    running = running_system() if url is None or key is None else None
    if running is not None:
        theirs = running.intake_url if service == "intake" else running.workflow_url
        url = url or theirs
        # A development key is for its own system, whatever else one asks.
        key = key or (running.keys.get(role) if url == theirs else None)
    if url is None:
        raise CannotReach(f"No {service} service is known: start `amends up`, or say --url.")
    if key is None:
        raise WrongUsage(f"There is no API key for {url}: say --key, or set AMENDS_API_KEY.")
    return Address(service, url, key)


def running_system() -> Running | None:
    """The running `amends up`, None when there is none. Raises WrongUsage when several run."""
    try:
        return find_running()
    except SeveralRunning as error:
        raise WrongUsage(str(error)) from error


def unreachable(url: str, reason: str) -> CannotReach:
    """What to say when nobody answers."""
    return CannotReach(f"Nothing answers at {url} ({reason}). Is `amends up` running, and is the address right?")


def failure_of(status: int, body: bytes) -> Failure:
    """The failure that a refused request is."""
    if status == 401:
        return WrongUsage(f"The API key is not accepted: {explain(status, body)}")
    if status == 404 and code_of(body) in ("", "not-found"):
        # Not from one of our routes: an id that no path can hold, or the wrong service.
        return Failure("Nothing is called so there. Is the name right, and the address?")
    if status in (502, 503, 504):
        return CannotReach(explain(status, body))
    return Failure(explain(status, body))


def code_of(body: bytes) -> str:
    """The stable code of a problem, "illegal-state"; empty when the body is no problem."""
    return str(_problem(body).get("type", "")).rpartition(":")[2]


def detail_of(body: bytes) -> str:
    """What a problem says is wrong, in one line."""
    problem = _problem(body)
    return " ".join(str(problem.get("detail") or problem.get("title") or "The answer does not say why.").split())


def explain(status: int, body: bytes) -> str:
    """A refusal in one line: what is wrong, and what may be done instead."""
    allowed = _problem(body).get("allowed")
    if isinstance(allowed, list) and status == 409:
        return f"{detail_of(body)} Allowed now: {', '.join(map(str, allowed)) or 'nothing'}."
    return detail_of(body)


def _problem(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
