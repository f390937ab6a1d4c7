"""What every answer tells browsers to refuse, whoever asked for it."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Of what answers a command, which no page is and no link leads to: each header costs half a microsecond there.
COMMAND: Final = [
    # An answer of the API is no page: nothing is loaded for it, and nothing frames it.
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    # It is about a customer, and true only now.
    (b"cache-control", b"no-store"),
]
SECURITY: Final = [
    *COMMAND,
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
# For a year. Other names of the same domain are not ours to speak for.
_HTTPS: Final = (b"strict-transport-security", b"max-age=31536000")
COMMAND_OVER_HTTPS: Final = [*COMMAND, _HTTPS]
SECURITY_OVER_HTTPS: Final = [*SECURITY, _HTTPS]


class SecurityHeaders:
    """Adds them where the application has not said something of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        security = SECURITY_OVER_HTTPS if scope["scheme"] == "https" else SECURITY

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                said = {name.lower() for name, _ in headers}
                headers += [each for each in security if each[0] not in said]
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, secured)
