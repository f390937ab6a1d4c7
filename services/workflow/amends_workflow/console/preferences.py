"""How a visitor likes to read: language, theme, and whether single keys do something."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from starlette.requests import Request

from amends_workflow.console import cookies

Language = Literal["en", "zh"]
Theme = Literal["auto", "light", "dark"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
THEMES: Final[tuple[Theme, ...]] = ("auto", "light", "dark")


class Preferences(NamedTuple):
    """How one likes to read."""

    language: Language
    theme: Theme
    shortcuts: bool


def preferences(request: Request) -> Preferences:
    """As the cookies say, else as the browser does."""
    language = request.cookies.get(cookies.LANGUAGE)
    theme = request.cookies.get(cookies.THEME)
    return Preferences(
        language if language in LANGUAGES else accepted_language(request.headers.get("accept-language", "")),
        theme if theme in THEMES else "auto",
        request.cookies.get(cookies.SHORTCUTS) != "off",
    )


def accepted_language(header: str) -> Language:
    """The language of ours that an Accept-Language header likes best; English when it likes none."""
    best: tuple[float, Language] = (0.0, "en")
    for part in header[:1_000].split(","):
        tag, _, parameter = part.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        weight = _weight(parameter)
        for language in LANGUAGES:
            if primary == language and weight > best[0]:
                best = (weight, language)
    return best[1]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
