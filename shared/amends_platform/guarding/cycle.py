"""A request and its answer on a connection: uvicorn's, but for what nearly every request is.

Most come whole, in one piece, and are answered at once by a few hundred bytes. The body of such a one is there when it
is asked for, and its answer is one message and one write, instead of two that are looked at for what they might be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent

CLOSE: Final = (b"connection", b"close")
WHOLE_ANSWER: Final = "amends.response.whole"
"""An extension of ASGI: a message of this type is all of an answer, with its `status`, `headers` and `body`. The
headers are well formed and in small letters; the length of the body is among them, and nothing is said of the
connection. The request's method is one whose answers have a body."""

_EXTENSIONS: Final[dict[str, dict[object, object]]] = {WHOLE_ANSWER: {}}


class Cycle(RequestResponseCycle):
    """`is_whole`: whether all of the body has come, and nobody has been told so."""

    is_whole = False

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.scope["extensions"] = _EXTENSIONS

    async def receive(self) -> ASGIReceiveEvent:
        if not self.is_whole or self.disconnected or self.response_complete or self.waiting_for_100_continue:
            message = await super().receive()
            self.is_whole = self.is_whole and message.get("more_body", False) is True
            return message
        self.is_whole = False
        self.flow.resume_reading()
        self.message_event.clear()
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Any) -> None:
        if message["type"] != WHOLE_ANSWER:
            await super().send(message)
            return
        if not self.keep_alive or CLOSE in self.default_headers:
            await super().send({**message, "type": "http.response.start"})  # type: ignore[misc, arg-type]
            await super().send({"type": "http.response.body", "body": message["body"]})
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        lines = [STATUS_LINE[message["status"]]]
        for name, value in (*self.default_headers, *message["headers"]):
            lines += (name, b": ", value, b"\r\n")
        lines += (b"\r\n", message["body"])
        self.waiting_for_100_continue = False
        self.response_started = self.response_complete = True
        self.transport.write(b"".join(lines))
        self.message_event.set()
        self.on_response()
