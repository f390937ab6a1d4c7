"""The files that pages load, each under the hash of its content, so that browsers may keep it for ever."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Final, NamedTuple

from starlette.responses import Response

from amends_platform.http.problems import Problem
from amends_workflow.console.headers import SECURITY

_FOLDER = files("amends_workflow.console") / "static"
_NAMES: Final = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "reports.css": "text/css; charset=utf-8",
    "vendor/htmx.min.js": "text/javascript; charset=utf-8",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


class _Asset(NamedTuple):
    content: bytes
    media_type: str
    hash: str


def _read(name: str, media_type: str) -> _Asset:
    content = _FOLDER.joinpath(name).read_bytes()
    return _Asset(content, media_type, hashlib.sha256(content).hexdigest()[:16])


_ASSETS: Final = {name: _read(name, media_type) for name, media_type in _NAMES.items()}


def asset_url(name: str) -> str:
    """Where a file of `static/` is. Raises KeyError: add it to the list above."""
    return f"/static/{_ASSETS[name].hash}/{name}"


def asset_response(content_hash: str, name: str) -> Response:
    """The file. Raises a 404 problem."""
    asset = _ASSETS.get(name)
    if asset is None:
        raise Problem(404, "no-such-file", "There is no such file.")
    # While a release rolls out, a page of the other one may ask: what it gets is not to be kept under its name.
    caching = _FOR_EVER if content_hash == asset.hash else "no-store"
    return Response(asset.content, 200, {**SECURITY, "Cache-Control": caching}, asset.media_type)
