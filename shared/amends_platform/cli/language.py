"""The language that commands speak to people. What programs read (`--json`) never changes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from amends_platform.words import Words

Language = Annotated[
    str | None,
    typer.Option("--language", metavar="L", help="en or zh [default: AMENDS_LANGUAGE, else as the locale says]."),
]


def spoken(language: str | None) -> Words:
    """The words of the language asked for, that of the settings, or that of the locale. Raises WrongUsage."""
    from amends_platform.cli.settings import load_settings
    from amends_platform.words import words
    from amends_platform.words.languages import language_of_locale

    return words(load_settings(language=language).language or language_of_locale())
