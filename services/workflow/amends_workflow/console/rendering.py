"""Pages from templates: everything that is put into one is escaped, and what is missing is an error."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from amends_platform.words import LANGUAGES, Words, words
from amends_platform.words.templates import install
from amends_workflow.console import headers
from amends_workflow.console.assets import asset_url
from amends_workflow.console.navigation import ENTRIES, is_current
from amends_workflow.console.preferences import preferences
from amends_workflow.console.urgency import urgency
from amends_workflow.console.visitors import Visitor


def _speaking(language: str) -> Environment:
    templates = Environment(
        loader=FileSystemLoader(str(files("amends_workflow.console") / "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.globals |= {"asset": asset_url, "navigation": ENTRIES, "is_current": is_current, "urgency": urgency}
    templates.filters["base64"] = lambda content: b64encode(content).decode()
    install(templates, words(language))
    return templates


_TEMPLATES: Final = {language: _speaking(language) for language in LANGUAGES}


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    form_token: str | None = None,
    more_headers: Mapping[str, str] | None = None,
    here_is: str | None = None,
    **values: Any,
) -> HTMLResponse:
    """A page, or (where the template is one) a part of one.

    Every template has what `words.templates.install` brings, `preferences`, `visitor` (None where nobody is signed in),
    `form_token`, `path` and `here` (the path with its query) besides `values`. Those that tell times need `now` and
    `zone` among these. `here_is`: where choices made on the page lead back to, where that is not where it is.
    """
    chosen = preferences(request)
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    if form_token is None and visitor is not None:
        form_token = visitor.form_token
    text = (
        _TEMPLATES[chosen.language]
        .get_template(template)
        .render(
            preferences=chosen,
            visitor=visitor,
            form_token=form_token,
            path=request.url.path,
            here=here(request) if here_is is None else here_is,
            **values,
        )
    )
    return HTMLResponse(text, status, {**headers.PAGE, **(more_headers or {})})


def words_for(request: Request) -> Words:
    """The words of the reader's language."""
    return words(preferences(request).language)


def go_to(path: str) -> Response:
    """Send the browser on to another page, by GET."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER, headers.PAGE)


def here(request: Request) -> str:
    """The path of this page with its query."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def local_path(text: str) -> str:
    """The path if it is one of ours, else the front page: nobody is sent to another site from here."""
    is_ours = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if is_ours and text.isascii() else "/"
