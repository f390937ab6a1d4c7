"""How a visitor likes to read: language, theme, whether single keys do something; and what for."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from starlette.requests import Request

from amends_domain.access.purposes import PURPOSES
from amends_platform.words import LANGUAGES, language_of
from amends_workflow.console import cookies

Theme = Literal["auto", "light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("auto", "light", "dark")


class Preferences(NamedTuple):
    """How one likes to read."""

    language: str
    theme: Theme
    shortcuts: bool


def purpose_of(request: Request) -> str | None:
    """What this visitor says that they read names and words for; None where they did not say."""
    named = request.cookies.get(cookies.PURPOSE)
    return named if named in PURPOSES else None


def preferences(request: Request) -> Preferences:
    """As the cookies say, else as the browser does."""
    language = request.cookies.get(cookies.LANGUAGE)
    theme = request.cookies.get(cookies.THEME)
    return Preferences(
        language if language in LANGUAGES else language_of(request.headers.get("accept-language")),
        theme if theme in THEMES else "auto",
        request.cookies.get(cookies.SHORTCUTS) != "off",
    )
