"""Sending rows to an intake that answers as it likes: what is tried again, what ends it, and that the count is right.

The intake here is a script behind a real socket: each answer is what it is told to be.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest

from amends_platform.clients import Address
from amends_platform.failures import CannotReach, Failure, WrongUsage
from amends_platform.importing import sending
from amends_platform.importing.rows import BadRow, Row
from amends_platform.importing.sending import Fate, Settled, send
from amends_platform.importing.wire import Lost, Wire


class Sent(NamedTuple):
    """A request as the script sees it."""

    ref: str
    key: str
    attempt: int


class Reply(NamedTuple):
    status: int
    body: dict[str, Any]
    headers: dict[str, str] = {}  # noqa: RUF012  # never changed


RECORDED = Reply(201, {"id": "1"})
REPLAYED = Reply(201, {"id": "1"}, {"Idempotent-Replayed": "true"})
HANG_UP = Reply(0, {})

Script = Callable[[Sent], Reply]


def problem(status: int, code: str, detail: str = "It will not do.", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"type": f"urn:amends:problem:{code}", "detail": detail}, named)


class Intake:
    """What came in, request by request."""

    def __init__(self, script: Script) -> None:
        self.url = ""
        self.requests: list[Sent] = []
        self.connections = 0
        self._script = script

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await _head(reader):
                body = json.loads(await reader.readexactly(int(head["content-length"])))
                ref, key = body["external_ref"], head["idempotency-key"]
                sent = Sent(ref, key, 1 + sum(1 for earlier in self.requests if earlier.ref == ref))
                self.requests.append(sent)
                reply = self._script(sent)
                if reply is HANG_UP:
                    return
                writer.write(_written(reply))
                await writer.drain()
        finally:
            writer.close()


async def _head(reader: asyncio.StreamReader) -> dict[str, str]:
    lines: list[str] = []
    while (line := (await reader.readline()).decode().strip()) or not lines:
        if not line:
            return {}
        lines.append(line)
    assert lines[0] == "POST /v1/complaints HTTP/1.1"
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}


def _written(reply: Reply) -> bytes:
    body = json.dumps(reply.body).encode()
    headers = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    return f"HTTP/1.1 {reply.status} Such\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


@asynccontextmanager
async def intake(script: Script) -> AsyncIterator[Intake]:
    answering = Intake(script)
    server = await asyncio.start_server(answering.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    answering.url = f"http://{host}:{port}"
    try:
        yield answering
    finally:
        server.close()
        await asyncio.sleep(0)


def rows(*refs: str) -> Iterator[Row]:
    return (Row(line, "", {"external_ref": ref}) for line, ref in enumerate(refs, 1))


async def sent_to(url: str, given: Iterator[Row], in_flight_max: int = 4) -> list[Settled]:
    address = Address("intake", url, "amends_key")
    return [settled async for settled in send(given, address, in_flight_max=in_flight_max)]


async def test_fates_come_in_the_order_of_the_file_and_add_up() -> None:
    def script(sent: Sent) -> Reply:
        replies = {
            "again": REPLAYED,
            "known": problem(409, "already-recorded"),
            "bad": problem(422, "invalid-body", "no"),
        }
        return replies.get(sent.ref.rstrip("0123456789"), RECORDED)

    refs = [f"{('new', 'again', 'known', 'bad')[number % 4]}{number}" for number in range(40)]
    async with intake(script) as answering:
        settled = await sent_to(answering.url, rows(*refs), in_flight_max=8)
    assert [each.row.line for each in settled] == list(range(1, 41))
    assert Counter(each.fate for each in settled) == {
        Fate.RECORDED: 10,
        Fate.ALREADY_RECORDED: 20,
        Fate.REJECTED: 10,
    }
    assert {each.reason for each in settled} == {"", "no"}
    assert answering.connections <= 8


async def test_a_row_that_cannot_be_read_is_rejected_without_being_sent() -> None:
    async with intake(lambda _: RECORDED) as answering:
        settled = await sent_to(answering.url, iter([Row(7, "x", BadRow("no JSON")), *rows("a")]))
    assert [(each.fate, each.reason) for each in settled] == [(Fate.REJECTED, "no JSON"), (Fate.RECORDED, "")]
    assert [sent.ref for sent in answering.requests] == ["a"]


@pytest.mark.parametrize(
    "first", [problem(429, "too-many-requests", Retry_After="0"), problem(503, "store-unavailable"), HANG_UP]
)
async def test_what_may_pass_is_tried_again_with_the_same_key(first: Reply) -> None:
    async with intake(lambda sent: first if sent.attempt == 1 else RECORDED) as answering:
        settled = await sent_to(answering.url, rows("a", "b"))
    assert [each.fate for each in settled] == [Fate.RECORDED, Fate.RECORDED]
    keys = {sent.ref: sent.key for sent in answering.requests}
    assert Counter((sent.ref, sent.key) for sent in answering.requests) == {(ref, keys[ref]): 2 for ref in ("a", "b")}
    assert keys["a"] != keys["b"]


async def test_the_wait_that_intake_asks_for_is_kept() -> None:
    def script(sent: Sent) -> Reply:
        return problem(429, "too-many-requests", Retry_After="1") if sent.attempt == 1 else RECORDED

    began = asyncio.get_running_loop().time()
    async with intake(script) as answering:
        await sent_to(answering.url, rows("a"))
    assert asyncio.get_running_loop().time() - began >= 1.0
    assert len(answering.requests) == 2


async def test_an_intake_that_stays_away_ends_the_import_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_TRY_SECONDS_MAX", 0.3)

    def script(sent: Sent) -> Reply:
        return RECORDED if sent.ref == "a" else problem(503, "store-unavailable", "No database.")

    async with intake(script) as answering:
        sending_all = send(rows("a", "b", "c"), Address("intake", answering.url, "amends_key"), in_flight_max=2)
        assert (await anext(sending_all)).fate is Fate.RECORDED
        with pytest.raises(CannotReach, match="No database"):
            await anext(sending_all)


@pytest.mark.parametrize(
    ("reply", "failure", "said"),
    [
        (problem(401, "unauthenticated", "Unknown key."), WrongUsage, "Unknown key"),
        (problem(403, "role-not-allowed", "Not you."), WrongUsage, "Not you"),
        (Reply(404, {"detail": "Not Found"}), Failure, "no Amends intake"),
        (Reply(200, {"hello": "world"}), Failure, "no Amends intake"),
    ],
)
async def test_what_no_row_will_change_ends_the_import(reply: Reply, failure: type[Failure], said: str) -> None:
    async with intake(lambda _: reply) as answering:
        with pytest.raises(failure, match=said):
            await sent_to(answering.url, rows("a", "b", "c"))


async def test_a_key_for_another_branch_rejects_that_row_only() -> None:
    async with intake(lambda sent: problem(403, "other-branch") if sent.ref == "a" else RECORDED) as answering:
        settled = await sent_to(answering.url, rows("a", "b"))
    assert [each.fate for each in settled] == [Fate.REJECTED, Fate.RECORDED]


async def test_rows_are_read_no_further_ahead_than_are_in_flight() -> None:
    read = 0

    def counted() -> Iterator[Row]:
        nonlocal read
        for row in rows(*map(str, range(100))):
            read += 1
            yield row

    async with intake(lambda _: RECORDED) as answering:
        address = Address("intake", answering.url, "amends_key")
        settled = 0
        async for _ in send(counted(), address, in_flight_max=4):
            settled += 1
            assert read - settled <= 4
    assert settled == 100


async def test_a_wire_outlives_connections_that_the_server_closes() -> None:
    closing = Reply(201, {"id": "1"}, {"Connection": "close"})
    async with intake(lambda _: closing) as answering:
        wire = Wire(answering.url, "amends_key")
        for ref in ("a", "b", "c"):
            answer = await wire.post("/v1/complaints", json.dumps({"external_ref": ref}).encode(), idempotency_key=ref)
            assert (answer.status, json.loads(answer.body)) == (201, {"id": "1"})
        wire.close()
    assert answering.connections == 3


async def test_what_is_no_http_is_a_lost_answer() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    wire = Wire(f"http://{host}:{port}", "amends_key")
    with pytest.raises(Lost, match="no HTTP"):
        await wire.post("/v1/complaints", b"{}", idempotency_key="1")
    wire.close()
    server.close()
