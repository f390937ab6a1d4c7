"""Every door of both services: each route with its method, and the action of the table that it is looked up by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route


class Door(NamedTuple):
    """A route. `action` is what its dependencies ask the table for; None where they ask nothing."""

    method: str
    path: str
    action: str | None


def doors(app: FastAPI) -> list[Door]:
    """All of an application's, in their order."""
    return list(_doors(app.routes, ""))


def _doors(routes: Iterable[Any], prefix: str) -> Iterator[Door]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _doors(included.routes, prefix + route.include_context.prefix)
            continue
        assert isinstance(route, Route | APIRoute), route
        action = _action(route.dependant) if isinstance(route, APIRoute) else None
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield Door(method, prefix + route.path, action)


def _action(dependant: Any) -> str | None:
    for each in dependant.dependencies:
        found = getattr(each.call, "action", None) or _action(each)
        if found is not None:
            return str(found)
    return None
