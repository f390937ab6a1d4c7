"""The translations: a gettext catalog, read as it is written when somebody first needs it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

_DIRECTORY: Final = "amends_platform.words"


def catalog_name(language: str) -> str:
    return f"{language}.po"


@cache
def translations(language: str) -> Mapping[tuple[str, str], str]:
    """(context, English message) to what it is in that language; what is not translated yet is left out.

    The context of a term is its kind; that of any other message is "". Of a plural the English for one is the message.
    """
    from babel.messages.pofile import read_po

    with (files(_DIRECTORY) / catalog_name(language)).open("rb") as file:
        found: dict[tuple[str, str], str] = {}
        for entry in read_po(file, locale=language):
            english, said = _first(entry.id), _first(entry.string)
            if english and said:
                found[entry.context or "", english] = said
        return found


def _first(text: Any) -> str:
    """Of a plural, the first form: Babel gives a tuple of them."""
    return text if isinstance(text, str) else text[0]
