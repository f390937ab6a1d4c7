"""What a connection may do, and for how long: over real sockets, without waiting for any time to pass."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, StreamingResponse

from amends_platform.guarding import gate
from amends_platform.guarding import limits as sizes
from amends_platform.guarding.addresses import Proxies
from tests.support.guarded import LIMITS, WAIT_SECONDS_MAX, Guarded, guarded

HEAD = b"POST /read HTTP/1.1\r\nHost: here\r\n"
GET = b"GET /livez HTTP/1.1\r\nHost: here\r\n\r\n"


class App:
    """/read reads the body; /hang begins and never ends; /stream goes on for ever; /crash crashes;
    /kinds tells its headers x-kind."""

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()
        self.disconnected = asyncio.Event()
        self.hanging = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        match scope["path"]:
            case "/read":
                try:
                    body = await request.body()
                except ClientDisconnect:
                    self.disconnected.set()
                    return
                await PlainTextResponse(str(len(body)))(scope, receive, send)
            case "/hang" | "/export":
                request.state.unhurried = True
                if scope["path"] == "/hang":
                    del request.state.unhurried
                self.hanging.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    self.cancelled.set()
                    raise
            case "/kinds":
                await request.body()
                await PlainTextResponse(",".join(request.headers.getlist("x-kind")))(scope, receive, send)
            case "/stream":
                await StreamingResponse(_endless())(scope, receive, send)
            case "/crash":
                raise KeyError("a customer's name")
            case "/silent":
                return
            case _:
                await PlainTextResponse("alive")(scope, receive, send)


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 100_000
        await asyncio.sleep(0)


@pytest.fixture
def app() -> App:
    return App()


@pytest_asyncio.fixture(loop_scope="session")
async def server(app: App) -> AsyncIterator[Guarded]:
    async with guarded(app) as running:
        yield running


async def test_an_ordinary_request_is_answered_and_the_next_one_on_the_same_connection(server: Guarded) -> None:
    wire = await server.wire()
    assert (await wire.ask(GET)).body == b"alive"
    assert (await wire.ask(HEAD + b"Content-Length: 3\r\n\r\nabc")).body == b"3"
    assert (await wire.ask(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")).body == b"3"
    server.passes(60)
    assert (await wire.ask(GET)).body == b"alive"


async def test_who_says_nothing_is_cut_off(server: Guarded) -> None:
    wire = await server.wire()
    server.passes(19)
    assert len(server.gate.open) == 1
    server.passes(1)
    assert await wire.rest() == b""


async def test_a_head_that_trickles_in_is_cut_off_however_often_a_byte_comes(server: Guarded) -> None:
    wire = await server.wire()
    await wire.ask(GET)
    for n in range(4):
        await _arrives(server, wire, b"GET "[n : n + 1])
        server.passes(5)
    answered = await wire.answer()
    assert (answered.status, answered.code, await wire.rest()) == (408, "request-timeout", b"")


async def test_blank_lines_between_requests_are_no_sign_of_life(server: Guarded) -> None:
    wire = await server.wire()
    await wire.ask(GET)
    for _ in range(8):
        await _arrives(server, wire, b"\r\n")
        server.passes(10)
    assert await wire.rest() == b""


async def test_a_body_that_trickles_in_is_cut_off_and_the_application_told(server: Guarded, app: App) -> None:
    wire = await server.wire()
    await _arrives(server, wire, HEAD + b"Content-Length: 100000\r\n\r\n")
    for _ in range(4):
        await _arrives(server, wire, b"x")
        server.passes(5)
    assert (await wire.answer()).status == 408
    assert await wire.rest() == b""
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        await app.disconnected.wait()


async def test_a_body_that_keeps_coming_may_take_longer(server: Guarded) -> None:
    wire = await server.wire()
    piece = b"x" * sizes.BODY_BYTES_AT_ONCE
    await _arrives(server, wire, HEAD + b"Content-Length: %d\r\n\r\n" % (4 * len(piece)))
    for _ in range(4):
        await _arrives(server, wire, piece)
        server.passes(15)
    assert int((await wire.answer()).body) == 4 * len(piece)


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("endless", [b"x-more: y\r\n", b"x", b"3;" + b"x" * 1000])
async def test_what_stands_in_a_body_without_being_of_it_is_limited_as_a_head_is(
    server: Guarded, endless: bytes
) -> None:
    wire = await server.wire()
    begun = CHUNKED + (endless if endless.startswith(b"3") else b"3\r\nabc\r\n0\r\n")
    with suppress(ConnectionError):
        await wire.send(begun)
        while not server.gate.turned_away["malformed"]:
            await wire.send(b"x" * 10_000 if endless.startswith(b"3") else endless * 1000)
            await asyncio.sleep(0)
    await wire.rest()
    assert (server.gate.turned_away["malformed"], len(server.gate.open)) == (1, 0)


async def test_a_body_of_many_small_chunks_is_read_with_its_trailers_which_are_no_headers(server: Guarded) -> None:
    wire = await server.wire()
    await wire.send(CHUNKED)
    for _ in range(5):
        await wire.send(b"1;a=b\r\nx\r\n" * 2_000)
    assert (await wire.ask(b"0\r\nx-kind: trailer\r\n\r\n")).body == b"10000"
    trailed = b"POST /kinds HTTP/1.1\r\nHost: here\r\nx-kind: head\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert (await wire.ask(trailed + b"0\r\nx-kind: trailer\r\n\r\n")).body == b"head"


async def test_who_was_answered_already_is_not_answered_again_when_the_body_turns_out_malformed(
    server: Guarded,
) -> None:
    wire = await server.wire()
    early = b"POST /livez HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert (await wire.ask(early)).body == b"alive"
    await wire.send(b"no chunk\r\n")
    assert await wire.rest() == b""


async def test_a_body_that_would_be_taken_for_another_protocol_s_is_refused_and_not_lost(server: Guarded) -> None:
    wire = await server.wire()
    upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    assert (await wire.ask(HEAD + upgrade + b"Content-Length: 3\r\n\r\nabc")).code == "malformed-request"
    assert await wire.rest() == b""
    other = await server.wire()
    assert (await other.ask(GET[:-2] + upgrade + b"\r\n")).body == b"alive"


@pytest.mark.parametrize("path", [b"/livez", b"/read"])
async def test_nothing_follows_a_request_whose_body_was_to_be_asked_for(server: Guarded, path: bytes) -> None:
    wire = await server.wire()
    await wire.send(b"POST %b HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n" % path)
    if path == b"/read":
        assert (await wire.answer()).status == 100
        await wire.send(b"abc")
    answered = await wire.answer()
    assert (answered.status, answered.headers["connection"], await wire.rest()) == (200, "close", b"")


async def test_an_idle_connection_is_closed_after_clients_would_have(server: Guarded) -> None:
    wire = await server.wire()
    await wire.ask(GET)
    server.passes(74)
    assert len(server.gate.open) == 1
    server.passes(1)
    assert await wire.rest() == b""


async def test_who_does_not_take_the_answer_is_cut_off(server: Guarded) -> None:
    wire = await server.wire(limit=1_000)
    await wire.send(b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\n")
    (connection,) = server.gate.open
    await server.until(lambda: connection.flow.write_paused)
    server.passes(19)
    assert len(server.gate.open) == 1
    server.passes(1)
    await server.until(lambda: not server.gate.open)


async def test_a_request_that_takes_too_long_is_given_up_and_its_work_cancelled(server: Guarded, app: App) -> None:
    wire = await server.wire()
    await wire.send(b"POST /hang HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n")
    await app.hanging.wait()
    server.passes(30)
    answered = await wire.answer()
    assert (answered.status, answered.code, answered.headers["retry-after"]) == (503, "request-given-up", "2")
    assert b"same Idempotency-Key" in answered.body
    assert app.cancelled.is_set()


async def test_an_export_may_take_as_long_as_it_takes(server: Guarded, app: App) -> None:
    wire = await server.wire()
    await wire.send(b"GET /export HTTP/1.1\r\nHost: here\r\n\r\n")
    await app.hanging.wait()
    server.passes(3_000)
    assert not app.cancelled.is_set()


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "malformed-request"),
        (b"POST /read HTTP/1.1\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "malformed-request"),
        (b"POST /read HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"Host: there\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"Idempotency-Key: a\r\nidempotency-key: b\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"X : y\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"X: y\r\n folded\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"X: y\n\n", 400, "malformed-request"),
        (HEAD + b"X: y\x00\r\n\r\n", 400, "malformed-request"),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n", 414, "uri-too-long"),
        (HEAD + b"X: y\r\n" * 101 + b"\r\n", 431, "request-header-fields-too-large"),
        (HEAD + b"X: " + b"y" * 40_000 + b"\r\n\r\n", 431, "request-header-fields-too-large"),
        (HEAD + b"X: " + b"y" * 40_000, 431, "request-header-fields-too-large"),
    ],
    ids=lambda value: repr(value[-40:]) if isinstance(value, bytes) else str(value),
)
async def test_a_request_that_could_be_read_in_two_ways_or_is_no_request_is_refused(
    server: Guarded, head: bytes, status: int, code: str
) -> None:
    wire = await server.wire()
    answered = await wire.ask(head)
    assert (answered.status, answered.code) == (status, code)
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.headers["connection"] == "close"
    assert await wire.rest() == b""


async def test_a_repeated_header_that_may_be_repeated_is_taken(server: Guarded) -> None:
    wire = await server.wire()
    assert (await wire.ask(b"GET / HTTP/1.1\r\nHost: here\r\nAccept: a/b\r\nAccept: c/d\r\n\r\n")).status == 200


async def test_an_upgrade_is_not_taken_up(server: Guarded) -> None:
    wire = await server.wire()
    answered = await wire.ask(
        b"GET / HTTP/1.1\r\nHost: here\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nwhatever follows"
    )
    assert (answered.status, answered.headers["connection"]) == (200, "close")


async def test_a_bad_request_behind_a_good_one_does_not_disturb_its_answer(server: Guarded) -> None:
    wire = await server.wire()
    assert (await wire.ask(GET + b"nonsense\r\n\r\n")).body == b"alive"
    assert await wire.rest() == b""


async def test_a_few_requests_may_be_sent_ahead_and_not_thousands(server: Guarded) -> None:
    wire = await server.wire()
    assert [(await wire.ask(GET * 3)).status, (await wire.answer()).status, (await wire.answer()).status] == [200] * 3
    await wire.send(GET * 5_000)
    assert (await wire.rest()).count(b"HTTP/1.1 200") <= sizes.PIPELINED_MAX + 1


async def test_a_body_that_nobody_wants_is_not_read_to_its_end(server: Guarded) -> None:
    wire = await server.wire()
    await wire.send(b"POST /livez HTTP/1.1\r\nHost: here\r\nContent-Length: 1000000000\r\n\r\n")
    assert (await wire.answer()).status == 200
    sent = 0
    with suppress(ConnectionError):
        while sent < 1_000_000_000:
            await wire.send(b"x" * 65_536)
            sent += 65_536
    assert sent < 100_000_000
    assert server.gate.open == {}


@pytest.mark.parametrize("path", [b"/crash", b"/silent"])
async def test_what_fails_is_a_problem_that_says_nothing_of_why(server: Guarded, path: bytes) -> None:
    wire = await server.wire()
    answered = await wire.ask(b"GET " + path + b" HTTP/1.1\r\nHost: here\r\n\r\n")
    assert (answered.status, answered.code) == (500, "internal-error")
    assert b"customer" not in answered.body


async def test_one_address_has_its_share_of_the_connections(server: Guarded) -> None:
    for _ in range(LIMITS.address_connections_max):
        await server.wire("127.0.0.2")
    one_more = await server.wire("127.0.0.2")
    answered = await one_more.answer()
    assert (answered.status, answered.code, answered.headers["retry-after"]) == (503, "too-many-connections", "2")
    another = await server.wire("127.0.0.3")
    assert (await another.ask(GET)).status == 200


async def test_a_trusted_proxy_speaks_for_many(app: App) -> None:
    trusting = replace(LIMITS, address_connections_max=1, proxies=Proxies.of("127.0.0.0/30"))
    async with guarded(app, trusting) as server:
        for _ in range(3):
            assert (await (await server.wire("127.0.0.2")).ask(GET)).status == 200
        await server.wire("127.0.0.9")
        assert (await (await server.wire("127.0.0.9")).answer()).status == 503


async def test_unused_connections_make_room_the_oldest_first(app: App) -> None:
    async with guarded(app, replace(LIMITS, connections_max=2)) as server:
        old, busy = await server.wire(), await server.wire()
        await old.ask(GET)
        await busy.send(b"GET /hang HTTP/1.1\r\nHost: here\r\n\r\n")
        await app.hanging.wait()
        new = await server.wire()
        assert (await new.ask(GET)).status == 200
        assert await old.rest() == b""
        assert not app.cancelled.is_set()


async def test_where_all_are_in_use_whether_the_process_lives_is_answered_and_nothing_else(app: App) -> None:
    async with guarded(app, replace(LIMITS, connections_max=1)) as server:
        busy = await server.wire()
        await busy.send(b"GET /hang HTTP/1.1\r\nHost: here\r\n\r\n")
        await app.hanging.wait()
        assert (await (await server.wire()).ask(GET)).status == 200
        answered = await (await server.wire()).ask(b"GET /v1/cases HTTP/1.1\r\nHost: here\r\n\r\n")
        assert (answered.status, answered.code) == (503, "too-many-connections")


async def _arrives(server: Guarded, wire: Any, data: bytes) -> None:
    """Send it, and return when the server has it."""
    before = sum(each.received for each in server.gate.open)
    await wire.send(data)
    await server.until(lambda: sum(each.received for each in server.gate.open) >= before + len(data))


async def test_an_address_that_asks_too_often_is_refused_whatever_it_asks_for_and_nobody_else(app: App) -> None:
    async with guarded(app, replace(LIMITS, address_requests_per_second_max=0.001)) as server:
        wire, other = await server.wire(), await server.wire("127.0.0.2")
        for path in (b"/", b"/console/sign-in", b"/hang"):
            answered = await wire.ask(b"GET %s HTTP/1.1\r\nHost: here\r\n\r\n" % path)
            if path != b"/":
                assert (answered.status, answered.code) == (429, "too-many-requests")
                assert int(answered.headers["retry-after"]) > 900
        assert not app.hanging.is_set()
        assert server.gate.turned_away["address-rate"] == 2
        # How the process is may still be asked, by whoever floods, too.
        assert (await wire.ask(b"GET /readyz HTTP/1.1\r\nHost: here\r\n\r\n")).body == b"alive"
        assert (await other.ask(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")).body == b"alive"


async def test_probes_have_a_limit_of_their_own_and_whether_it_lives_is_answered_beyond_it(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "PROBES_PER_SECOND_MAX", 0.001)
    async with guarded(app) as server:
        wire = await server.wire()
        answers = [
            await wire.ask(b"GET %s HTTP/1.1\r\nHost: here\r\n\r\n" % path)
            for path in (b"/metrics", b"/metrics", b"/readyz", b"/livez", b"/")
        ]
    assert [answer.status for answer in answers] == [200, 429, 429, 200, 200]
    assert answers[3].body == b'{"status":"alive"}'
