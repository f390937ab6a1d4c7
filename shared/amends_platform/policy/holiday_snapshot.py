"""A country's holidays and make-up days as plain JSON, taken once and kept inside the policy.

The library corrects its data retroactively; a policy that looked days up anew would change its mind about cases
that it has already judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

YEARS_BEFORE = 1
YEARS_AFTER = 5

_MAKE_UP_DAY = "make-up working day"
# A country that moved working days by decree in or after this year still does: its later years are not known yet.
_STILL_DECREED = 2024
_BEFORE_NEW_YEAR = timedelta(days=7)


class UnknownCountry(LookupError):
    """There is no holiday data for this country."""


def countries() -> frozenset[str]:
    """The codes of the countries whose holidays are known."""
    from holidays.registry import COUNTRIES  # the list without loading 250 countries

    return frozenset(names[1] for names in COUNTRIES.values())


def subdivisions(country: str) -> frozenset[str]:
    """The codes of the country's parts that have holidays of their own. Raises UnknownCountry."""
    import holidays

    if country not in countries():
        raise UnknownCountry(country)
    return frozenset(getattr(holidays, country).subdivisions)


def holiday_snapshot(country: str | None, effective_from: date, subdivision: str | None = None) -> dict[str, Any]:
    """The days that a policy in force from `effective_from` may meet; see `amends_domain.policy.Snapshot`.

    `subdivision` is a part of the country (ISO 3166-2, without the country). Without a country there are no
    holidays, and that is known for ever. Raises UnknownCountry, and NotImplementedError for an unknown part.
    """
    if country is None:
        return _snapshot((None, None), None, {}, {}, date.min, date.max)
    import holidays
    from holidays.version import __version__

    if country not in countries():
        raise UnknownCountry(country)
    first = date(effective_from.year - YEARS_BEFORE, 1, 1)
    last = date(effective_from.year + YEARS_AFTER, 12, 31)
    days = holidays.country_holidays(
        country,
        subdiv=subdivision,
        # A decree for next year's holidays may move days of this December, so one year more is read.
        years=range(first.year, last.year + 2),
        expand=False,
        language=_language(getattr(holidays, country)),
    )
    return _snapshot(
        (country, subdivision),
        f"holidays {__version__}",
        {day: name for day, name in days.items() if first <= day <= last},
        {day: _MAKE_UP_DAY for day in days.weekend_workdays if first <= day <= last},
        first,
        min(last, _known_through(days)),
    )


def _snapshot(
    place: tuple[str | None, str | None],
    source: str | None,
    holidays: dict[date, str],
    working_days: dict[date, str],
    known_from: date,
    known_through: date,
) -> dict[str, Any]:
    return {
        "country": place[0],
        "subdivision": place[1],
        "source": source,
        "known_from": known_from.isoformat(),
        "known_through": known_through.isoformat(),
        "holidays": {day.isoformat(): name for day, name in sorted(holidays.items())},
        "working_days": {day.isoformat(): name for day, name in sorted(working_days.items())},
    }


def _language(entity: Any) -> str | None:
    # Named, because otherwise the locale of whoever starts the process would name the holidays, and the hash.
    return "en_US" if "en_US" in entity.supported_languages else entity.default_language


def _known_through(days: Any) -> date:
    """The last day that no coming decree moves, by the last year whose decree the library holds; for countries
    without decrees, no end.
    """
    decreed = max(_decreed_years(days), default=0)
    if decreed < _STILL_DECREED:
        return date.max
    # The decree for a New Year moves days before it: China's for 2019 had people work on 29 December 2018, and rest
    # on 31. So the last week of the last decreed year is not known yet.
    return date(decreed, 12, 31) - _BEFORE_NEW_YEAR


def _decreed_years(days: Any) -> Iterator[int]:
    for year, entries in getattr(days, "special_public_holidays", {}).items():
        moved = (entries,) if entries and not isinstance(entries[0], tuple) else entries
        # (to month, to day, from month, from day, …) is a working day moved; (month, day, name) an extra holiday.
        if any(len(entry) > 3 for entry in moved):
            yield year
