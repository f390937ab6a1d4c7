"""What can be chosen in the forms of a case: codes by their names, and the case's own promises, clocks, entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from typing import Final, NamedTuple

from amends_domain.policy import Policy
from amends_domain.policy_measures import indicators_of
from amends_platform.words import Words, message
from amends_workflow.console.acting.fields import Field
from amends_workflow.console.cases.view import View
from amends_workflow.console.choices import branches, codes

_DIRECTIONS: Final = (("outbound", message("We called the customer")), ("inbound", message("The customer came to us")))
_RELATIONS: Final = (
    ("same-matter", message("The same matter")),
    ("same-customer", message("The same customer")),
    ("follows", message("It follows from it")),
    ("related", message("Related")),
)
_RECEIVED: Final = ("complaint", "inquiry", "suggestion", "praise")
# An entry's sentence in a list to pick from.
_LABEL_CHARACTERS: Final = 80


class Option(NamedTuple):
    value: str
    label: str


class Offering(NamedTuple):
    """What options are made from. `view` is None where there is no case yet."""

    words: Words
    policy: Policy | None
    zone: tzinfo
    view: View | None


def options_of(field: Field, offering: Offering) -> list[Option]:
    """What the field offers; nothing for most that are typed into."""
    if field.kind == "answers":
        indicators = () if offering.policy is None else sorted(indicators_of(offering.policy.sections))
        return [Option(name, _capital(offering.words.term("indicator", name))) for name in indicators]
    if field.of == "branch":
        return [Option(name, name) for name in branches(offering.policy)]
    if field.kind not in ("code", "codes", "pick"):
        return []
    if field.of in _PICKED:
        return [] if offering.view is None else list(_PICKED[field.of](offering, offering.view))
    if field.of in _SAID:
        return [Option(code, offering.words.text(label)) for code, label in _SAID[field.of]]
    kind = "kind" if field.of == "kind_received" else field.of
    known = _RECEIVED if field.of == "kind_received" else codes(kind, offering.policy)
    return [Option(code, _capital(offering.words.term(kind, code))) for code in known]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _numbered(offering: Offering, things: Iterable[tuple[int, object]]) -> Iterable[Option]:
    for number, due_at in things:
        at = offering.words.instant(due_at, offering.zone)  # type: ignore[arg-type]
        yield Option(str(number), offering.words.text("Number {number}, due {at}", number=number, at=at))


def _promises(offering: Offering, view: View) -> Iterable[Option]:
    return _numbered(offering, ((each.number, each.due_at) for each in view.case.open_promises))


def _countermeasures(offering: Offering, view: View) -> Iterable[Option]:
    return _numbered(offering, ((each.number, each.due_at) for each in view.case.open_countermeasures))


def _clocks(offering: Offering, view: View) -> Iterable[Option]:
    running = dict.fromkeys(clock.kind for clock in view.clocks if clock.runs)
    return (Option(kind, _capital(offering.words.term("clock", kind))) for kind in running)


def _contacts(_: Offering, view: View) -> Iterable[Option]:
    spoken = {each.position for each in view.case.contacts if each.cycle == view.case.cycle}
    return _entries_at(view, lambda position: position in spoken)


def _entries(_: Offering, view: View) -> Iterable[Option]:
    return _entries_at(view, lambda _: True)


def _entries_at(view: View, wanted: Callable[[int], bool]) -> Iterable[Option]:
    for entry in view.entries:
        if entry.reference is None and entry.by is not None and wanted(entry.position):
            yield Option(str(entry.position), f"{entry.version}. {entry.sentence[:_LABEL_CHARACTERS]}")


def _alerts(_: Offering, view: View) -> Iterable[Option]:
    for entry in view.entries:
        if entry.is_alert and entry.reference is None and entry.seen_by is None:
            yield Option(str(entry.position), f"{entry.version}. {entry.sentence[:_LABEL_CHARACTERS]}")


def _flags_to_add(offering: Offering, view: View) -> Iterable[Option]:
    return (
        Option(flag, offering.words.term("flag", flag))
        for flag in codes("flag", offering.policy)
        if flag not in view.case.flags
    )


def _flags_to_remove(offering: Offering, view: View) -> Iterable[Option]:
    return (Option(flag, offering.words.term("flag", flag)) for flag in view.case.flags)


_SAID: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {"direction": _DIRECTIONS, "relation": _RELATIONS}
_PICKED: Final[Mapping[str, Callable[[Offering, View], Iterable[Option]]]] = {
    "promises": _promises,
    "countermeasures": _countermeasures,
    "clocks": _clocks,
    "contacts": _contacts,
    "entries": _entries,
    "alerts": _alerts,
    "flags_to_add": _flags_to_add,
    "flags_to_remove": _flags_to_remove,
}
