"""Words in Jinja2 templates: `{{ _("Sign in") }}`, `{{ case.state | term("state") }}`.

An environment speaks one language; whoever serves two has two environments, which costs a few templates' memory and
spares every page and macro the question. Everything is escaped as any other value; only where a value is markup (a
link in a sentence) is the answer markup, the rest of it escaped.
"""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import Environment
from markupsafe import Markup, escape

from amends_platform.words.vocabulary import Words


def install(environment: Environment, said: Words) -> None:
    """Let the environment's templates speak.

    Globals: `_(message, **values)`, `plural(one, many, count, **values)`, `words`, `language`.
    Filters: `term(kind)`, `terms(kind)`, `instant(zone, form)`, `day(form)`, `month`, `number(digits)`,
    `percent(digits)`, `until(now)`, `lasting(short=…)` (a length of time), `capital` (the first letter is one),
    `incident_title`.
    """
    environment.globals.update(
        _=lambda message, **values: _escaped(said.text, values, message),
        plural=lambda one, many, count, **values: _escaped(said.plural, values, one, many, count),
        words=said,
        language=said.language,
    )
    environment.filters.update(
        incident_title=said.incident_title,
        term=lambda code, kind: said.term(kind, code),
        terms=lambda codes, kind: said.terms(kind, codes),
        instant=said.instant,
        day=said.day,
        month=said.month,
        number=said.number,
        percent=said.percent,
        until=said.until,
        lasting=said.length,
        capital=capital,
    )


def capital(text: str) -> str:
    """ "ATM card" stays what it is, where Jinja's `capitalize` makes it "Atm card"."""
    return text[:1].upper() + text[1:]


def _escaped(say: Callable[..., str], values: dict[str, object], *message: object) -> str:
    if not any(isinstance(value, Markup) for value in values.values()):
        return say(*message, **values)
    # The message is ours and holds no markup; what is put into it is escaped unless it is markup.
    return Markup(say(*message, **{name: escape(value) for name, value in values.items()}))  # noqa: S704
