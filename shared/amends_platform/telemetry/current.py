"""The request that is being answered: what it is called in log lines, metrics and spans."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from amends_platform.ids import uuid7
from amends_platform.telemetry.traceparent import trace_in

if TYPE_CHECKING:
    from amends_platform.telemetry.tracing import ServerSpan

SEEN: Final = "amends.seen"
"""Where the scope of a request has it while it is answered."""

UNMATCHED: Final = "unmatched"
# Whatever a stranger calls his method is one of these in labels, names and attributes.
_METHODS: Final = frozenset({"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER: Final = "OTHER"
_METHOD_NOT_ALLOWED: Final = 405

current: ContextVar[Seen | None] = ContextVar("amends_request", default=None)


class Seen:
    """One request while it is answered. `route` is its template: never the path, which may name a customer."""

    # Most requests never set most of these.
    route: str | None = None
    status = 0
    correlation_id: UUID | None = None
    person: str | None = None
    span: ServerSpan | None = None
    _request_id: UUID | None = None

    def __init__(self, scope: MutableMapping[str, Any]) -> None:
        self._scope = scope

    @property
    def method(self) -> str:
        method: str = self._scope["method"]
        return method if method in _METHODS else _OTHER

    @property
    def template(self) -> str:
        """The route's, as soon as it is known."""
        if self.status == _METHOD_NOT_ALLOWED:
            # No route has taken it; where FastAPI thinks it nearly did, it gives half of the template.
            return UNMATCHED
        if self.route is None:
            # A route of an included router knows its own part only; its context, where FastAPI keeps one, all of it.
            context = self._scope.get("fastapi", {}).get("effective_route_context")
            return getattr(context or self._scope.get("route"), "path", None) or UNMATCHED
        return self.route

    def about(self) -> dict[str, Any]:
        """What a log line says of it."""
        if self._request_id is None:
            self._request_id = uuid7()
        about: dict[str, Any] = {"request_id": self._request_id, "method": self.method, "route": self.template}
        correlation_id = self.correlation_id
        if correlation_id is None:
            correlation_id = self._trace()
        if correlation_id is not None:
            about["correlation_id"] = correlation_id
        if self.person is not None:
            about["person"] = self.person
        return about

    def _trace(self) -> UUID | None:
        if self.span is not None:
            return self.span.correlation_id
        headers = (value for name, value in self._scope["headers"] if name == b"traceparent")
        return trace_in(next(headers, b"").decode("latin-1"))


def seen(scope: Mapping[str, Any]) -> Seen | None:
    """The request of this scope; None where nobody looks on."""
    found: Seen | None = scope.get(SEEN)
    return found


def correlation_of(traceparent: str | None, request: Seen | None) -> UUID:
    """The caller's trace, so that one trace leads from the call to whatever comes of it; a new one when there is
    none."""
    if request is not None and request.span is not None:
        return request.span.correlation_id
    return trace_in(traceparent) or uuid7()


def add_what_it_is_about(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Of structlog: a line that is written while a request is answered says which."""
    request = current.get()
    if request is not None:
        for name, value in request.about().items():
            event.setdefault(name, value)
    return event
