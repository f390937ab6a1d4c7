"""From a policy's document to what reports measure by: survey, quotas, scorecard, standards, the satisfaction index.

No rule of the desk asks them: they judge months, never a case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from amends_domain.documents import Node
from amends_domain.durations import Duration
from amends_domain.event_codec import EVENT_TYPES

UNHAPPY, NEUTRAL, DELIGHTED = "unhappy", "neutral", "delighted"
ANSWERS: Final = range(1, 11)
TIMELINESS, RESPONSIVENESS, ACCURACY = "timeliness", "responsiveness", "accuracy"
SECTIONS: Final = ("survey", "quotas", "scorecard", "standards", "satisfaction_index")

_SCALE = re.compile(r"(10|[1-9])(?:-(10|[1-9]))?")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)%")
_NAME = r"[a-z][a-z0-9_]{0,47}"
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z][A-Za-z]{1,3})?")
_STANDARDS_MAX: Final = 500
_DEPTH_MAX: Final = 5
_INDICATORS_MAX: Final = 500

Titles = Mapping[str, str]
"""What something is called, by language; the name where a language is missing."""


@dataclass(frozen=True)
class Quota:
    """What a branch may have in a month: complaints per 10,000 customers, and complaints. None: no limit is set."""

    per_10k_customers: Decimal | None = None
    customers: int | None = None
    volume: int | None = None


@dataclass(frozen=True)
class Scorecard:
    """Points at the beginning of a month, and what is deducted for each escalation and each mass incident."""

    start: Decimal = Decimal(100)
    escalation: Decimal = Decimal("0.6")
    mass_incident: Decimal = Decimal("0.5")


@dataclass(frozen=True)
class Standard:
    """A service standard: of what it measures, `target` per cent shall be good.

    Timeliness and responsiveness: from an event of `begins` to the next of `ends`, within a time. Accuracy: of the
    events `begins`, those that none of `ends` spoils; `within` is None.
    """

    name: str
    kind: str
    begins: frozenset[str]
    ends: frozenset[str]
    within: Duration | None
    target: Decimal
    titles: Titles = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Indicator:
    """A part of the satisfaction index with its weight among its siblings. Without `parts` customers are asked it."""

    name: str
    weight: Decimal
    parts: tuple[Indicator, ...] = ()
    titles: Titles = field(default_factory=dict, hash=False)

    def leaves(self) -> Iterator[Indicator]:
        """What customers are asked."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True)
class Terms:
    """All that a policy says for reports. `survey`: what an answer from 1 to 10 counts as."""

    survey: Mapping[int, str] = field(hash=False)
    quotas: Mapping[str, Quota] = field(hash=False)
    scorecard: Scorecard
    standards: tuple[Standard, ...]
    index: Indicator | None

    @staticmethod
    def of(sections: Mapping[str, Any]) -> Terms:
        """Those in the sections of a good policy; what is left out is as by default."""
        at = {name: Node(sections[name]) for name in SECTIONS if name in sections}
        return Terms(
            read_survey(at["survey"]) if "survey" in at else DEFAULT_SURVEY,
            read_quotas(at["quotas"]) if "quotas" in at else {},
            read_scorecard(at["scorecard"]) if "scorecard" in at else Scorecard(),
            read_standards(at["standards"]) if "standards" in at else (),
            read_index(at["satisfaction_index"]) if "satisfaction_index" in at else None,
        )


DEFAULT_SURVEY: Final[Mapping[int, str]] = {
    answer: UNHAPPY if answer <= 6 else NEUTRAL if answer <= 8 else DELIGHTED for answer in ANSWERS
}


def check_measures(at: Mapping[str, Node]) -> dict[str, Any]:
    """The sections that reports read, as written. What is wrong with them is kept in the nodes."""
    readers = {
        "survey": read_survey,
        "quotas": read_quotas,
        "scorecard": read_scorecard,
        "standards": read_standards,
        "satisfaction_index": read_index,
    }
    for name in SECTIONS:
        if name in at:
            readers[name](at[name])
    return {name: at[name].value for name in SECTIONS if name in at}


def indicators_of(sections: Mapping[str, Any]) -> frozenset[str]:
    """What a follow-up may ask the customer besides the one number."""
    if "satisfaction_index" not in sections:
        return frozenset()
    return frozenset(leaf.name for leaf in read_index(Node(sections["satisfaction_index"])).leaves())


def read_survey(node: Node) -> dict[int, str]:
    """What each answer counts as."""
    at = node.keys("{unhappy, neutral, delighted}", required=(UNHAPPY, NEUTRAL, DELIGHTED))
    counted: list[tuple[int, str]] = []
    for name, part in at.items():
        match = _SCALE.fullmatch(str(part.value))
        if match is None:
            part.expected("a part of the scale such as 1-6")
            return dict(DEFAULT_SURVEY)
        counted += ((answer, name) for answer in range(int(match[1]), int(match[2] or match[1]) + 1))
    if sorted(answer for answer, _ in counted) != list(ANSWERS):
        node.fail("expected unhappy, neutral and delighted to share out the answers 1 to 10, each once")
    return dict(counted)


def read_quotas(node: Node) -> dict[str, Quota]:
    quotas = {}
    for branch, item in node.entries("quotas by branch").items():
        at = item.keys("a branch's quotas", required=(), optional=("per_10k_customers", "customers", "volume"))
        quotas[branch] = Quota(
            at["per_10k_customers"].number("a number from 0") if "per_10k_customers" in at else None,
            at["customers"].whole("a whole number from 0", least=0) if "customers" in at else None,
            at["volume"].whole("a whole number from 0", least=0) if "volume" in at else None,
        )
    return quotas


def read_scorecard(node: Node) -> Scorecard:
    at = node.keys("{start, escalation, mass_incident}", required=(), optional=("start", "escalation", "mass_incident"))
    points = {name: part.number("a number of points from 0") for name, part in at.items()}
    return Scorecard(**points)


def read_standards(node: Node) -> tuple[Standard, ...]:
    standards: list[Standard] = []
    items = node.items("a list of standards: {name, kind, from, to, within, target}")
    if len(items) > _STANDARDS_MAX:
        node.fail(f"expected {_STANDARDS_MAX} standards at most, not {len(items)}")
    for item in items:
        mistakes = len(item.errors)
        standard = _standard(item)
        if len(item.errors) == mistakes and any(standard.name == other.name for other in standards):
            item.fail(f"the standard {standard.name!r} is given twice")
        standards.append(standard)
    return tuple(standards)


def _standard(node: Node) -> Standard:
    given = node.value if isinstance(node.value, Mapping) else {}
    is_accuracy = given.get("kind") == ACCURACY
    begins, ends = ("of", "spoilt_by") if is_accuracy else ("from", "to")
    timed = () if is_accuracy else ("within",)
    what = "a standard: {name, kind, " + ", ".join((begins, ends, *timed)) + ", target}"
    at = node.keys(what, required=("name", "kind", begins, ends, *timed, "target"), optional=("title",))
    return Standard(
        at["name"].name("a standard's name such as first_apology", _NAME),
        at["kind"].one_of((TIMELINESS, RESPONSIVENESS, ACCURACY), "a kind"),
        _events(at[begins]),
        _events(at[ends]),
        None if is_accuracy else at["within"].duration(),
        _percent(at["target"]),
        _titles(at["title"]) if "title" in at else {},
    )


def _events(node: Node) -> frozenset[str]:
    items = [node] if isinstance(node.value, str) else node.items("an event type or action:NAME, or a list of them")
    if not items and isinstance(node.value, list):
        node.fail("expected at least one event type or action:NAME")
    return frozenset(_event(item) for item in items)


def _event(node: Node) -> str:
    text = node.text("an event type or action:NAME")
    if text.startswith("action:"):
        return node.name("an action such as action:refund_made", r"action:[a-z][a-z0-9_]*")
    return node.one_of(EVENT_TYPES, "an event type") if isinstance(node.value, str) else text


def _percent(node: Node) -> Decimal:
    match = _PERCENT.fullmatch(node.value) if isinstance(node.value, str) else None
    if match is None or Decimal(match[1]) > 100:
        node.expected("a percentage such as 95%")
        return Decimal(0)
    return Decimal(match[1])


def _titles(node: Node) -> dict[str, str]:
    titles = {}
    for language, item in node.entries("a title by language: {en: …, zh: …}").items():
        if not _LANGUAGE.fullmatch(language):
            item.fail(f"expected a language such as en or zh, not {language!r}", at_key=True)
        titles[language] = item.text("a title")
    return titles


def read_index(node: Node) -> Indicator:
    """The whole tree: a root called `index`, whose parts are the categories."""
    names: set[str] = set()
    return Indicator("index", Decimal(1), _parts(node, names, 1))


def _parts(node: Node, names: set[str], depth: int) -> tuple[Indicator, ...]:
    items = node.entries("indicators: {NAME: WEIGHT} or {NAME: {weight, of: {…}}}")
    if not items and isinstance(node.value, Mapping):
        node.fail("expected at least one indicator")
    if depth > _DEPTH_MAX:
        node.fail(f"expected a tree of {_DEPTH_MAX} levels at most")
        return ()
    return tuple(_indicator(name, item, names, depth) for name, item in items.items())


def _indicator(name: str, node: Node, names: set[str], depth: int) -> Indicator:
    if not re.fullmatch(_NAME, name):
        node.fail(f"expected an indicator's name such as politeness, not {name!r}", at_key=True)
    elif name in names:
        node.fail(f"the indicator {name!r} stands in the tree twice", at_key=True)
    names.add(name)
    if len(names) == _INDICATORS_MAX + 1:
        node.fail(f"expected {_INDICATORS_MAX} indicators at most", at_key=True)
    if not isinstance(node.value, Mapping):
        return Indicator(name, _weight(node))
    at = node.keys("{weight, title, of}", required=("weight",), optional=("title", "of"))
    return Indicator(
        name,
        _weight(at["weight"]),
        _parts(at["of"], names, depth + 1) if "of" in at else (),
        _titles(at["title"]) if "title" in at else {},
    )


def _weight(node: Node) -> Decimal:
    weight = node.number("a weight: a number above 0")
    if weight == 0:
        node.expected("a weight: a number above 0")
    return weight
