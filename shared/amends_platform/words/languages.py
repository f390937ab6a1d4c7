"""The languages there are, and which of them a reader asks for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

ENGLISH, CHINESE = "en", "zh"
LANGUAGES: Final = (ENGLISH, CHINESE)

# No browser names more; what comes after is not read.
_HEADER_LENGTH_MAX: Final = 1_000


def language_of(accept_language: str | None) -> str:
    """The one of `LANGUAGES` that an Accept-Language header likes best; English where it likes none. Never fails."""
    best, liking = ENGLISH, 0.0
    for part in (accept_language or "")[:_HEADER_LENGTH_MAX].split(","):
        name, _, parameter = part.partition(";")
        language, weight = _known(name), _weight(parameter)
        if language is not None and weight > liking:
            best, liking = language, weight
    return best


def language_of_locale(environment: Mapping[str, str] = os.environ) -> str:
    """The one of `LANGUAGES` that the locale of a terminal is in; English where it is in none."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return _known(environment[name]) or ENGLISH
    return ENGLISH


def _known(name: str) -> str | None:
    """zh-CN, zh_CN.UTF-8 and ZH are all Chinese."""
    language = name.strip()[:2].lower()
    is_whole = not name.strip()[2:3].isalnum()
    return language if language in LANGUAGES and is_whole else None


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
