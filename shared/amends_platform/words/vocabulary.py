"""`words("zh").text("Sign in")`: what is said, in one language.

The English message is the key, as with gettext; where there is no translation it is what is shown. Named fields only:
`text("Owner: {name}", name=…)`. Write every message as a literal: `make words` finds `.text("…")`, `.plural("…", "…")`,
`message("…")` and, in templates, `_("…")`; what it does not find is not translated.

Where this goes beyond gettext: codes (of states, commands, policies) are terms of a kind and never fail; the short
form of a length is "3 h 10 min", as the command line has always told it; whether a time is written to the minute, to
the second, or as a day is a `form` and not another function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo
from functools import cache
from typing import Any

from amends_platform.words import incidents, lengths, moments, sentences
from amends_platform.words.catalog import translations
from amends_platform.words.languages import CHINESE, ENGLISH, LANGUAGES
from amends_platform.words.moments import Number
from amends_platform.words.refusals import REFUSALS
from amends_platform.words.terms import english_term


def message(text: str) -> str:
    """The text itself: marks a message that stands in a table, and is said later by `Words.text`."""
    return text


@cache
def _in(language: str) -> Words:
    return Words(language)


def words(language: str) -> Words:
    """The words of a language of `LANGUAGES`; English for any other."""
    return _in(language if language in LANGUAGES else ENGLISH)


class Words:
    """What is said in one language. Pure, and safe to share; `words` keeps one of each."""

    def __init__(self, language: str) -> None:
        self.language = language

    # What is written

    def text(self, message: str, /, **values: object) -> str:
        """The message; `{name}` is the value called so. Without values, the message as it stands."""
        said = self._translated("", message) or message
        return said.format_map(values) if values else said

    def plural(self, one: str, many: str, count: int, **values: object) -> str:
        """`one` or `many` of something; `{count}` is there of itself, with its thousands apart."""
        said = self._translated("", one) or (one if count == 1 else many)
        return said.format_map({"count": f"{count:,}", **values})

    def term(self, kind: str, code: object) -> str:
        """What people call a code: `term("state", "followed-up")`. The kinds are those of `terms`.

        A code that nobody knows (a policy may name anything) is shown as it is, with spaces; None is "".
        """
        if code is None:
            return ""
        english = english_term(kind, str(code))
        return self._translated(kind, english) or english

    def code(self, kind: str, code: object) -> str:
        """The term, but in English the code itself: where it is what one types, or looks up in the policy."""
        return str(code) if self.language == ENGLISH and code is not None else self.term(kind, code)

    def terms(self, kind: str, codes: Iterable[object]) -> str:
        """Several of them: "urgent, vulnerable"."""
        return self.listed(self.term(kind, code) for code in codes)

    def refusal(self, code: str, detail: str | None = None) -> str:
        """Why a service refused: its own words in English, and in another language what the code means."""
        known = code in REFUSALS
        if detail and (self.language == ENGLISH or not known):
            return detail
        return self.term("refusal", code)

    def listed(self, items: Iterable[str]) -> str:
        """A, B, C."""
        return ("、" if self.language == CHINESE else ", ").join(items)

    def clauses(self, parts: Iterable[str]) -> str:
        """One sentence of its parts, without those that are empty."""
        return ("，" if self.language == CHINESE else ", ").join(filter(None, parts))

    def joined(self, parts: Iterable[str]) -> str:
        """Words side by side, which Chinese writes without spaces."""
        return ("" if self.language == CHINESE else " ").join(filter(None, parts))

    # What happened

    def sentence(self, event: Mapping[str, Any], at: Callable[[str], str]) -> str:
        """An event as the workflow answers it, in a sentence; `at` writes its times."""
        return sentences.sentence(self, event, at)

    def quoted(self, event: Mapping[str, Any]) -> Iterator[str]:
        """The personal part of an event, where the key may read it, a paragraph each."""
        return sentences.quoted(self, event)

    def incident_title(self, title: str) -> str:
        """What a mass incident is called: by a person as it is, by the policy in words."""
        return incidents.title(self, title)

    # How long, when, how many

    def length(self, seconds: float, *, short: bool = False, units_max: int = 2) -> str:
        """A length of time in its largest units: "3 hours 10 minutes"; short, "3 h 10 min"."""
        return lengths.in_short(self, seconds) if short else lengths.in_words(self, seconds, units_max)

    def until(self, due_at: datetime | str, now: datetime | str) -> str:
        """How long until then, or since: "in 5 days", "3 hours late"."""
        return lengths.until(self, moments.read(due_at), moments.read(now))

    def warning(self, label: str) -> str:
        """When a clock warns, as a policy writes it: "24h before" is 24 hours before."""
        return lengths.warning(self, label)

    def instant(self, at: datetime | str, zone: str | tzinfo, form: str = "instant") -> str:
        """A time in a zone. Forms: instant (27 Nov 2026, 17:35), second, time (17:35), day, weekday, month."""
        return moments.instant(self.language, at, zone, form)

    def day(self, of: date | str, form: str = "day") -> str:
        """27 November 2026; in the form "weekday", Fri 27 Nov."""
        return moments.day(self.language, of, form)

    def month(self, of: date | str) -> str:
        """October 2026, of a day in it or of "2026-10"."""
        return moments.day(self.language, of, "month")

    def number(self, value: Number, digits: int | None = None) -> str:
        """1,087; with so many digits after the point, or as many as it has up to three."""
        return moments.number(self.language, value, digits)

    def percent(self, share: Number, digits: int = 2) -> str:
        """A share of 1 as a percentage: 1.8592 is 185.92%."""
        return moments.percent(self.language, share, digits)

    def money(self, amount: Number | str, currency: str | None) -> str:
        """200.00 CNY, ¥200.00."""
        return moments.money(self.language, amount, currency)

    def _translated(self, context: str, english: str) -> str | None:
        """What it is in another language than English; None where that is not known."""
        return None if self.language == ENGLISH else translations(self.language).get((context, english))
