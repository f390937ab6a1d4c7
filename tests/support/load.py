"""Clients that lead complaints through their lives, all at once, and never give a command up: each is sent again,
with the same key and the same bytes, until it is answered. What they do follows from a seed.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import httpx
import orjson

from tests.support.commands import WAIT_SECONDS_MAX
from tests.support.intake import Caller
from tests.support.judging.asked import MOVED_ON, Answer, Command
from tests.support.system import until

_AGAIN_SECONDS = 0.05
# Clients that did this many at a stretch were forgotten.
_COMMANDS_MAX = 20_000
_OPEN_LIVES_MAX = 6
ROLES = ("agent", "handler", "supervisor", "department_head")


Document = dict[str, Any]


class Step(NamedTuple):
    """What comes next in a life: the end of the path, the body for the case as last answered, how many events."""

    path: str
    body: Callable[[Document], Document]
    events: int = 1


def _always(body: Document) -> Callable[[Document], Document]:
    return lambda _: body


def _moved_callback(last: Document) -> Document:
    due = next(datetime.fromisoformat(each["due_at"]) for each in last["deadlines"] if each["kind"] == "callback")
    body = {
        "direction": "inbound",
        "channel": "phone",
        "summary": "It takes longer, and why.",
        "reason_explained": True,
    }
    return body | {"agreed_callback_at": (max(due, datetime.now(UTC)) + timedelta(seconds=1)).isoformat()}


_ASKED = Step("/contacts", _always({"direction": "inbound", "channel": "phone", "summary": "How long does it take?"}))
_TRIED = Step(
    "/contacts", _always({"direction": "outbound", "channel": "phone", "summary": "Nobody.", "reached": False})
)
_CALLED = Step("/contacts", _always({"direction": "outbound", "channel": "phone", "summary": "Told everything."}))
_MOVED = Step("/contacts", _moved_callback, events=2)
_APOLOGY = Step("/apology", _always({"by_channel": "phone", "text": "We are sorry."}))
_FINDINGS = Step("/investigation", _always({"findings": "It was us.", "cause": "process_too_slow", "at_fault": True}))
_PROPOSAL = Step("/proposals", _always({"kind": "letter", "text": "A letter."}))
_DECLINE = Step("/decline", _always({"by_channel": "phone", "reason": "That is not enough."}))
_CONFIRMATION = Step("/confirmation", _always({"by_channel": "phone"}))
_FOLLOW_UP = Step("/follow-up", _always({"executed": True, "satisfaction": 7}))
_REVIEW = Step("/review", _always({"text": "Write sooner."}))
_WITHDRAWAL = Step("/withdrawal", _always({"by_channel": "phone", "reason": "Settled."}))
_REOPENING = Step("/reopening", _always({"reason": "recurrence"}))
_ACTION = Step("/actions", _always({"action": "refund_made"}))

_LIVES: tuple[tuple[Step, ...], ...] = (
    (_APOLOGY, _CALLED, _FINDINGS, _PROPOSAL, _CONFIRMATION, _FOLLOW_UP, _REVIEW),
    (_APOLOGY, _MOVED, _ASKED, _CALLED, _FINDINGS, _PROPOSAL, _DECLINE, _PROPOSAL, _CONFIRMATION, _FOLLOW_UP),
    (_ASKED, _TRIED, _MOVED, _MOVED, _CALLED, _APOLOGY, _ACTION),
    (_APOLOGY, _WITHDRAWAL, _REOPENING, _APOLOGY, _CALLED, _WITHDRAWAL),
    (_ASKED, _WITHDRAWAL, _REOPENING),
    (_MOVED,),
    (),
)


class Desk(Protocol):
    """Where clients bring their commands. `output` is for the message of a failure."""

    @property
    def output(self) -> str: ...

    def caller(self, role: str) -> Caller: ...


class Load:
    """The clients at work. `commands` are all that were sent, answered or not, in the order of their first sending."""

    def __init__(
        self,
        system: Desk,
        *,
        seed: int,
        clients: int,
        pause_seconds: float = 0.0,
        twice: float = 0.0,
        stale: float = 0.0,
    ) -> None:
        """`pause_seconds`: what each client rests between two commands. `twice`: the part of the commands that are
        sent twice at once; `stale`: the part of those on a case that name a version which it has left behind.
        """
        self.pause_seconds = pause_seconds
        self.twice, self.stale = twice, stale
        self.commands: list[Command] = []
        self._system = system
        self._seed = seed
        self._clients = clients
        self._at_work: list[asyncio.Task[None]] = []
        self.answers = 0
        """How many commands were answered."""
        self._done_before = 0
        self._runs = itertools.count()
        self._stopping = False

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Let the clients work until the block is left, and finish the command each is at then."""
        run = next(self._runs)
        self._stopping = False
        self._done_before = self.answers
        self._at_work = [
            asyncio.create_task(_Client(self, f"c{run}-{n}", random.Random(f"{self._seed}-{run}-{n}")).work())
            for n in range(self._clients)
        ]
        try:
            yield
            self._stopping = True
            await asyncio.gather(*self._at_work)
        finally:
            for task in self._at_work:
                task.cancel()
            await asyncio.gather(*self._at_work, return_exceptions=True)

    async def answered(self, more: int) -> None:
        """Wait until so many more commands are answered. Fails when a client did."""
        wanted = self.answers + more

        def are_answered() -> bool:
            for task in self._at_work:
                if task.done():
                    task.result()
            return self.answers >= wanted

        await until(are_answered, lambda: f"{wanted - self.answers} commands were not answered\n{self._system.output}")

    async def again(self, command: Command) -> httpx.Response:
        """Send a command once, or once more, as a client would whose answer was lost."""
        caller = self._system.caller(command.actor.removeprefix("dev-"))
        # Whose command an event is stands in it, by the trace it was sent under.
        trace = {"traceparent": f"00-{command.correlation_id.hex}-00f067aa0ba902b7-01"}
        sent_at = time.monotonic()
        command.goes_out(sent_at)
        response = await caller.post(
            command.path, key=command.key, content=command.body, if_match=command.if_match, headers=trace
        )
        command.answers.append(Answer(response.status_code, response.content, sent_at, time.monotonic()))
        return response

    @property
    def is_stopping(self) -> bool:
        assert self.answers - self._done_before < _COMMANDS_MAX, "the load was never stopped"
        return self._stopping

    async def send(self, command: Command, *, copies: int = 1) -> None:
        """Send a command until it is answered with something other than "not now", so many copies of it at once."""
        self.commands.append(command)
        await asyncio.gather(*(self._send(command) for _ in range(copies)))
        self.answers += 1

    async def _send(self, command: Command) -> None:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while True:
                with suppress(httpx.TransportError):
                    if (await self.again(command)).status_code < 500:
                        return
                await asyncio.sleep(_AGAIN_SECONDS)


class _Client:
    """One client: several lives at a time, a step of one of them after the other."""

    def __init__(self, load: Load, name: str, chance: random.Random) -> None:
        self._load = load
        self._name = name
        self._chance = chance
        self._numbers = itertools.count(1)
        self._lives: list[tuple[Document, Iterator[Step]]] = []

    async def work(self) -> None:
        while not self._load.is_stopping:
            await asyncio.sleep(self._load.pause_seconds)
            if len(self._lives) < _OPEN_LIVES_MAX and self._chance.random() < 0.4:
                await self._begin()
            elif self._lives:
                await self._go_on(self._chance.randrange(len(self._lives)))

    async def _begin(self) -> None:
        body = {
            "channel": "phone",
            "branch": "north-street",
            "narrative": "The machine kept my card.",
            "customer": {"ref": f"C-{self._chance.randrange(50)}", "name": "Ms. Chen"},
        }
        last = await self._give("/v1/complaints", body, 1)
        # Nothing stands in the way of a new complaint; where it is refused nevertheless, the judge will say so.
        if last is not None:
            self._lives.append((last, iter(self._chance.choice(_LIVES))))

    async def _go_on(self, number: int) -> None:
        last, steps = self._lives[number]
        step = next(steps, None)
        if step is not None:
            path = f"/v1/complaints/{last['id']}{step.path}"
            if self._load.stale and last["version"] > 1 and self._chance.random() < self._load.stale:
                await self._give(path, step.body(last), step.events, if_match=last["version"] - 1)
            answer = await self._give(path, step.body(last), step.events)
            if answer is not None:
                self._lives[number] = answer, steps
                return
        # Lived to its end, or refused because a clock has run out meanwhile: from here on nobody touches it.
        del self._lives[number]

    async def _give(self, path: str, body: Document, events: int, *, if_match: int | None = None) -> Document | None:
        """The answer; None when it was refused."""
        key = f"{self._name}-{next(self._numbers)}"
        correlation_id = UUID(int=self._chance.getrandbits(128), version=4)
        actor = f"dev-{self._chance.choice(ROLES[1:])}"
        command = Command(correlation_id, actor, key, path, orjson.dumps(body), events, if_match)
        if if_match is not None:
            command.foreseen |= {MOVED_ON}
        copies = 2 if self._load.twice and self._chance.random() < self._load.twice else 1
        await self._load.send(command, copies=copies)
        return None if command.taken is None else command.taken.said
