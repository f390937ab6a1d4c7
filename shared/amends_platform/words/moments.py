"""Times, days, months and numbers as a language writes them, by the CLDR's data in Babel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from amends_platform.words.languages import CHINESE, ENGLISH

if TYPE_CHECKING:
    from babel import Locale

Number = int | float | Decimal

# Day before month and 24 hours, which neither an American nor a Chinese reader takes for anything else.
_PATTERNS: Final[Mapping[str, Mapping[str, str]]] = {
    ENGLISH: {
        "instant": "d MMM y, HH:mm",
        "second": "d MMM y, HH:mm:ss",
        "time": "HH:mm",
        "day": "d MMMM y",
        "weekday": "EEE d MMM",
        "month": "MMMM y",
    },
    CHINESE: {
        "instant": "y年M月d日 HH:mm",
        "second": "y年M月d日 HH:mm:ss",
        "time": "HH:mm",
        "day": "y年M月d日",
        "weekday": "M月d日 EEE",
        "month": "y年M月",
    },
}


@cache
def _locale(language: str) -> Locale:
    from babel import Locale

    return Locale.parse("zh_Hans_CN" if language == CHINESE else "en")


def read(at: datetime | str) -> datetime:
    return datetime.fromisoformat(at) if isinstance(at, str) else at


def instant(language: str, at: datetime | str, zone: str | tzinfo, form: str) -> str:
    """`form` is "instant" (to the minute), "second", "time", "day", "weekday" or "month"."""
    from babel.dates import format_datetime

    local = read(at).astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)
    # It is local already: Babel must not move it again.
    return format_datetime(local.replace(tzinfo=None), _PATTERNS[language][form], locale=_locale(language))


def day(language: str, of: date | str, form: str) -> str:
    """`of` may be written 2026-10-31, or 2026-10 for a month. A time is of its own zone's day."""
    from babel.dates import format_date

    if isinstance(of, str):
        of = date.fromisoformat(f"{of}-01" if len(of) == len("2026-10") else of[: len("2026-10-31")])
    return format_date(of, _PATTERNS[language][form], locale=_locale(language))


def number(language: str, value: Number, digits: int | None) -> str:
    from babel.numbers import format_decimal

    pattern = None if digits is None else f"#,##0.{'0' * digits}" if digits else "#,##0"
    return format_decimal(value, pattern, locale=_locale(language))


def percent(language: str, share: Number, digits: int) -> str:
    from babel.numbers import format_percent

    return format_percent(share, f"#,##0.{'0' * digits}%" if digits else "#,##0%", locale=_locale(language))


def money(language: str, amount: Number | str, currency: str | None) -> str:
    from babel.numbers import format_currency

    try:
        value = Decimal(amount) if isinstance(amount, str) else amount
    except InvalidOperation:
        # It is on record so, and is told as it is.
        return f"{amount} {currency or ''}".strip()
    if currency is None:
        return number(language, value, None)
    return format_currency(value, currency, "#,##0.00 ¤¤" if language == ENGLISH else None, locale=_locale(language))
