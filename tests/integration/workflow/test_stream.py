"""Readers of the live stream: what they are told, where they resume, and when they are cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import pytest_asyncio
from starlette.types import Receive, Scope, Send

from amends_domain.commands import Apologize
from amends_platform.http.problems import Problem
from amends_store.read import head_position
from amends_workflow.live.happenings import Kind
from amends_workflow.live.stream import Live, Pace, Reader
from amends_workflow.projection import CHECKPOINT
from tests.integration.workflow.conftest import TENANT, Log, project, until
from tests.support.server_sent import Listener, listening

PACE = Pace(3600, 3600, 3600, last_words_seconds_max=0.01, behind_events_max=1_000)


async def admitted() -> bool:
    return True


async def not_any_more() -> bool:
    return False


class Station:
    """A live stream of the log, whose read model goes on when it is told to; and those who listen to it."""

    def __init__(self, log: Log, pace: Pace = PACE) -> None:
        self.log = log
        self.live = Live(log.view, self._visible, pace)

    async def _visible(self) -> int:
        return int(await self.log.view.fetchval("SELECT position FROM checkpoints WHERE name = $1", CHECKPOINT) or 0)

    async def show(self) -> int:
        """Let all that the log holds become visible; its position."""
        await project(self.log.database)
        self.live.wake()
        return await head_position(self.log.view)

    def reader(self, **of: Any) -> Reader:
        said = {"name": "s-1", "tenant": TENANT, "branches": None, "kinds": frozenset(Kind), "still_admitted": admitted}
        return Reader(**{**said, **of})

    def listening(self, after: int | None = None, **of: Any) -> AbstractAsyncContextManager[Listener]:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await self.live.open(self.reader(**of), after)(scope, receive, send)

        return listening(app, "/")


@pytest_asyncio.fixture(loop_scope="session")
async def station(log: Log) -> AsyncIterator[Station]:
    opened = Station(log)
    yield opened
    await opened.live.aclose()


async def test_nothing_is_told_before_whoever_asks_would_see_it(log: Log, station: Station) -> None:
    async with station.listening() as listener:
        await listener.until_listening()
        case_id = await log.receive()
        await log.give(case_id, Apologize("phone", "Sorry."))
        station.live.wake()
        assert listener.sent == []
        await station.show()
        await listener.until(lambda: len(listener.sent) == 2)
    first, second = listener.sent
    assert [first.data["state"], second.data["state"]] == ["received", "apologized"]
    assert (first.event, first.id, first.data["position"]) == ("case", 1, 1)
    assert second.data["type"] == "apology-given"
    assert second.data["case_id"] == str(case_id)


async def test_who_resumes_is_told_everything_since_and_nothing_twice(log: Log, station: Station) -> None:
    await log.receive()
    await station.show()
    async with station.listening(after=0) as listener:
        await listener.until(lambda: listener.positions == [1])
    for _ in range(3):
        await log.receive()
    await station.show()
    async with station.listening(after=listener.resume_from) as again:
        await log.receive()
        await station.show()
        await again.until(lambda: again.positions == [2, 3, 4, 5])


async def test_readers_with_different_pasts_share_one_tail(log: Log, station: Station) -> None:
    for _ in range(4):
        await log.receive()
    await station.show()
    async with station.listening() as new, station.listening(after=3) as late, station.listening(after=1) as later:
        await new.until_listening()
        await late.until(lambda: late.positions == [4])
        await later.until(lambda: later.positions == [2, 3, 4])
        await log.receive()
        await station.show()
        for listener, told in ((new, [5]), (late, [4, 5]), (later, [2, 3, 4, 5])):
            await listener.until(lambda listener=listener, told=told: listener.positions == told)  # type: ignore[misc]
        assert len(station.live._tails) == 1


async def test_who_asks_for_what_is_not_visible_yet_waits_for_it(log: Log, station: Station) -> None:
    await log.receive()
    await log.receive()
    async with station.listening(after=1) as listener:
        await listener.until_listening()
        await station.show()
        await listener.until(lambda: listener.positions == [2])


async def test_who_is_too_far_behind_is_told_to_begin_anew(log: Log) -> None:
    station = Station(log, PACE._replace(behind_events_max=2))
    for _ in range(3):
        await log.receive()
    await station.show()
    async with station.listening(after=0) as listener:
        await listener.until(lambda: bool(listener.sent))
        assert [(each.event, each.data) for each in listener.sent] == [("reset", {"position": 3})]
        await log.receive()
        await station.show()
        await listener.until(lambda: listener.positions == [3, 4])
    await station.live.aclose()


async def test_a_position_that_the_log_has_never_had_is_told_to_begin_anew(log: Log, station: Station) -> None:
    await log.receive()
    await station.show()
    async with station.listening(after=2) as listener:
        await listener.until(lambda: [each.event for each in listener.sent] == ["reset"])
        assert listener.resume_from == 1


async def test_readers_hear_of_their_branches_and_kinds_alone_and_resume_after_the_rest(
    log: Log, station: Station
) -> None:
    of_harbour = station.listening(branches=frozenset({"harbour"}), kinds=frozenset({Kind.CASE}))
    async with of_harbour as harbour, station.listening(kinds=frozenset({Kind.BREACH})) as breaches:
        await harbour.until_listening()
        await breaches.until_listening()
        await log.receive(branch="north-street")
        await log.receive(branch="harbour")
        await station.show()
        await harbour.until(lambda: harbour.positions == [2])
        assert breaches.sent == []


async def test_another_tenants_cases_are_nobodys_here(log: Log, station: Station) -> None:
    async with station.listening(tenant="other") as stranger, station.listening() as listener:
        await stranger.until_listening()
        await listener.until_listening()
        await log.receive()
        await station.show()
        await listener.until(lambda: listener.positions == [1])
        assert stranger.sent == []


async def test_in_silence_a_comment_says_where_to_resume(log: Log) -> None:
    station = Station(log, PACE._replace(heartbeat_seconds=0.01))
    async with station.listening(kinds=frozenset({Kind.BREACH})) as listener:
        await log.receive()
        await station.show()
        await listener.until(lambda: listener.resume_from == 1 and listener.comments[-1] == "still here")
        assert listener.sent == []
    await station.live.aclose()


async def test_a_slow_reader_is_cut_off_to_resume_and_holds_up_nobody(log: Log) -> None:
    station = Station(log, PACE._replace(behind_events_max=1))
    async with station.listening() as slow, station.listening() as quick:
        await slow.until_listening()
        await quick.until_listening()
        slow.taking.clear()
        for position in range(1, 5):
            await log.receive()
            await station.show()
            await quick.until(lambda last=position: quick.positions == [*range(1, last + 1)])  # type: ignore[misc]
        slow.taking.set()
        await slow.until(slow.ended.is_set)
        assert slow.positions == [1]
        assert quick.positions == [1, 2, 3, 4]
    await station.live.aclose()


async def test_who_takes_nothing_for_too_long_is_cut_off(log: Log) -> None:
    station = Station(log, PACE._replace(send_seconds_max=0.01))
    async with station.listening() as listener:
        await listener.until_listening()
        listener.taking.clear()
        await log.receive()
        await station.show()
        async with asyncio.timeout(20):
            await listener.ended.wait()
    assert station.live.readers == 0
    await station.live.aclose()


async def test_who_may_not_listen_any_more_is_not_listened_to_any_more(log: Log) -> None:
    station = Station(log, PACE._replace(admission_seconds=0.01))
    async with station.listening(still_admitted=not_any_more) as listener:
        await listener.until(listener.ended.is_set)
    await station.live.aclose()


async def test_while_nobody_listens_nothing_is_read(log: Log, station: Station) -> None:
    async with station.listening() as listener:
        await listener.until_listening()
        assert station.live.readers == 1
    await until(_nothing_read(station))


def _nothing_read(station: Station) -> Any:
    async def condition() -> bool:
        return not station.live._tails and station.live.readers == 0

    return condition


async def test_stopping_ends_every_stream_also_of_those_who_take_nothing(station: Station) -> None:
    async with station.listening() as listener, station.listening() as stuck:
        await listener.until_listening()
        await stuck.until_listening()
        stuck.taking.clear()
        await station.live.aclose()
        await listener.until(listener.ended.is_set)
        assert listener.comments[-1] == "come again"
        await stuck.until(stuck.ended.is_set)
        with pytest.raises(Problem, match="No more readers"):
            station.live.open(station.reader(), None)


async def test_one_person_cannot_take_every_place(log: Log, station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amends_workflow.live.stream._READERS_OF_ONE_MAX", 1)
    async with station.listening() as listener:
        await listener.until_listening()
        with pytest.raises(Problem, match="close one"):
            station.live.open(station.reader(), None)
        async with station.listening(name="s-2") as other:
            await other.until_listening()
