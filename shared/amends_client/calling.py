"""Sending requests: with the key, once or until it is known what became of them, and reading the answers.

What is generated calls `_json`, `_bytes`, `_text` or `_lines` of one of the two classes here.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import httpx

from amends_client.problem import Problem

ATTEMPTS = 5
SECONDS_MAX = httpx.Timeout(30.0, connect=5.0)


class Call(NamedTuple):
    """One request. The same call is sent with every attempt, its idempotency key included."""

    method: str
    path: str
    parameters: Mapping[str, Any] = {}
    content: bytes | None = None
    headers: Mapping[str, str] = {}


class Happened(NamedTuple):
    """One of the live stream: `id` is the position to go on after, `event` its kind, `data` the JSON."""

    id: int | None
    event: str
    data: Any


def command(path: str, body: Any, if_match: int | None, idempotency_key: str | None) -> Call:
    """A request that records something, under a key of its own where none is given."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key or str(uuid4())}
    if if_match is not None:
        headers["If-Match"] = f'"{if_match}"'
    return Call("POST", path, {}, json.dumps(body, default=_written, ensure_ascii=False).encode(), headers)


def query(path: str, parameters: Mapping[str, Any], headers: Mapping[str, Any] | None = None) -> Call:
    """A question. What is None is left out."""
    kept = {name: _parameter(value) for name, value in parameters.items() if value is not None}
    sent = {name: str(value) for name, value in (headers or {}).items() if value is not None}
    return Call("GET", path, kept, None, sent)


def quoted(part: object) -> str:
    """A value as part of a path."""
    return quote(str(part), safe="")


class Caller:
    """A service that is asked from ordinary code. Use it in a `with`, or `close` it.

    `attempts`: how often a request is sent at most, where it may succeed later (429 and 503, as `Retry-After` says) or
    nobody knows what became of it. Further arguments are those of httpx.Client. Methods raise Problem, and
    httpx.TransportError where nobody answers.
    """

    def __init__(self, url: str, key: str, *, attempts: int = ATTEMPTS, **options: Any) -> None:
        self.attempts = attempts
        self.http = httpx.Client(**_options(url, key, options))
        self._min_position: int | None = None

    def __enter__(self) -> Any:
        self.http.__enter__()
        return self

    def __exit__(self, *ending: Any) -> None:
        self.http.__exit__(*ending)

    def close(self) -> None:
        """Close its connections."""
        self.http.close()

    def heed(self, answer: Mapping[str, Any]) -> None:
        """From now on every answer is at least as new as what was recorded by the command that was answered so."""
        self._min_position = max(self._min_position or 0, answer["position"])

    def send(self, call: Call) -> httpx.Response:
        """The answer, which is good."""
        if self.attempts == 1:
            return self._once(call)
        import stamina

        for attempt in stamina.retry_context(on=_wait_of, attempts=self.attempts, timeout=None):
            with attempt:
                return self._once(call)
        raise AssertionError("unreachable: the last attempt returns or raises")

    @contextmanager
    def open(self, call: Call) -> Iterator[httpx.Response]:
        """An answer that is good and read piece by piece; sent once."""
        with self.http.stream(call.method, call.path, params=call.parameters, headers=call.headers) as response:
            if not response.is_success:
                raise Problem(response.status_code, response.read(), response.headers)
            yield response

    def following(
        self, page: Mapping[str, Any], headers: Mapping[str, Any] | None = None
    ) -> Iterator[Mapping[str, Any]]:
        """This page of a list, and all pages after it, asked for with the same headers."""
        yield page
        while page["next"] is not None:
            page = self._json(query(page["next"], {}, headers))
            yield page

    def _once(self, call: Call) -> httpx.Response:
        response = self.http.request(
            call.method, call.path, params=call.parameters or None, content=call.content, headers=call.headers
        )
        return _good(response)

    def _json(self, call: Call) -> Any:
        return self.send(call).json()

    def _bytes(self, call: Call) -> bytes:
        return self.send(call).content

    def _text(self, call: Call) -> str:
        return self.send(call).text

    def _items(self, page: Mapping[str, Any], headers: Mapping[str, Any] | None = None) -> Iterator[Any]:
        for each in self.following(page, headers):
            yield from each["items"]

    def _events(self, call: Call) -> Iterator[Happened]:
        with self.open(call) as response:
            reading = _Reading()
            for line in response.iter_lines():
                yield from reading.took(line)


class AsyncCaller:
    """The same for asynchronous code: use it in an `async with`, or `aclose` it. Arguments as Caller's."""

    def __init__(self, url: str, key: str, *, attempts: int = ATTEMPTS, **options: Any) -> None:
        self.attempts = attempts
        self.http = httpx.AsyncClient(**_options(url, key, options))
        self._min_position: int | None = None

    async def __aenter__(self) -> Any:
        await self.http.__aenter__()
        return self

    async def __aexit__(self, *ending: Any) -> None:
        await self.http.__aexit__(*ending)

    async def aclose(self) -> None:
        """Close its connections."""
        await self.http.aclose()

    def heed(self, answer: Mapping[str, Any]) -> None:
        """From now on every answer is at least as new as what was recorded by the command that was answered so."""
        self._min_position = max(self._min_position or 0, answer["position"])

    async def send(self, call: Call) -> httpx.Response:
        """The answer, which is good."""
        if self.attempts == 1:
            return await self._once(call)
        import stamina

        async for attempt in stamina.retry_context(on=_wait_of, attempts=self.attempts, timeout=None):
            with attempt:
                return await self._once(call)
        raise AssertionError("unreachable: the last attempt returns or raises")

    @asynccontextmanager
    async def open(self, call: Call) -> AsyncIterator[httpx.Response]:
        """An answer that is good and read piece by piece; sent once."""
        async with self.http.stream(call.method, call.path, params=call.parameters, headers=call.headers) as response:
            if not response.is_success:
                raise Problem(response.status_code, await response.aread(), response.headers)
            yield response

    async def following(
        self, page: Mapping[str, Any], headers: Mapping[str, Any] | None = None
    ) -> AsyncIterator[Mapping[str, Any]]:
        """This page of a list, and all pages after it, asked for with the same headers."""
        yield page
        while page["next"] is not None:
            page = await self._json(query(page["next"], {}, headers))
            yield page

    async def _once(self, call: Call) -> httpx.Response:
        response = await self.http.request(
            call.method, call.path, params=call.parameters or None, content=call.content, headers=call.headers
        )
        return _good(response)

    async def _json(self, call: Call) -> Any:
        return (await self.send(call)).json()

    async def _bytes(self, call: Call) -> bytes:
        return (await self.send(call)).content

    async def _text(self, call: Call) -> str:
        return (await self.send(call)).text

    async def _items(self, page: Mapping[str, Any], headers: Mapping[str, Any] | None = None) -> AsyncIterator[Any]:
        async for each in self.following(page, headers):
            for item in each["items"]:
                yield item

    async def _events(self, call: Call) -> AsyncIterator[Happened]:
        async with self.open(call) as response:
            reading = _Reading()
            async for line in response.aiter_lines():
                for happened in reading.took(line):
                    yield happened


class _Reading:
    """Server-sent events, line by line. Comments, which only say that the stream lives, move the position on."""

    def __init__(self) -> None:
        self._id: int | None = None
        self._event, self._data = "message", ""

    def took(self, line: str) -> Iterator[Happened]:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id" and value.isdecimal():
            self._id = int(value)
        elif name == "event":
            self._event = value
        elif name == "data":
            self._data += value
        elif not line and self._data:
            happened = Happened(self._id, self._event, json.loads(self._data))
            self._event, self._data = "message", ""
            yield happened


def _options(url: str, key: str, options: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {key}", **options.pop("headers", {})}
    # Whose proxy settings point elsewhere still means the address that was given.
    return {"base_url": url, "headers": headers, "timeout": SECONDS_MAX, "trust_env": False, **options}


def _good(response: httpx.Response) -> httpx.Response:
    if not response.is_success:
        raise Problem(response.status_code, response.content, response.headers)
    return response


def _wait_of(error: Exception) -> bool | float:
    """Whether to send it again, and after how many seconds where that was said."""
    if isinstance(error, Problem):
        return error.is_passing if error.retry_after is None else error.is_passing and error.retry_after
    return isinstance(error, httpx.TransportError)


def _parameter(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_parameter(each) for each in value]
    return value


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
