"""How a report writes what it holds: names, numbers, shares and lengths of time, in one language."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from amends_domain.case import ALL_BRANCHES
from amends_domain.measures.figures import Figures, Part, Share
from amends_platform.words import Words
from amends_workflow.reports.document import Column, Unit, Value

NOTHING = "–"


class Said:
    """The words of one report."""

    def __init__(self, words: Words, zone: str) -> None:
        self.words = words
        self.zone = zone

    def branch(self, one: Figures) -> str:
        if one.branch is None:
            return self.words.text("All branches")
        return self.words.text("Incidents of all branches") if one.branch == ALL_BRANCHES else one.branch

    def name(self, kind: str, code: str) -> str:
        """A type, a cause, a channel …; what nobody has told is called so."""
        return self.words.term(kind, code) if code else self.words.text("not said")

    def parts(self, kind: str, parts: tuple[Part, ...]) -> tuple[tuple[Value, ...], ...]:
        """Each part with its name, its count, and that of the whole in per cent."""
        whole = sum(part.count for part in parts)
        return tuple(
            (self.name(kind, part.name), part.count, Decimal(100 * part.count) / whole if whole else None)
            for part in parts
            if part.count
        )

    def percent(self, value: Decimal | None) -> str:
        return NOTHING if value is None else self.words.percent(value / 100)

    def share(self, share: Share) -> str:
        """45 of 173 (26.01%)."""
        if share.percent is None:
            return NOTHING
        return self.words.text(
            "{part} of {whole} ({percent})",
            part=self.words.number(share.part),
            whole=self.words.number(share.whole),
            percent=self.percent(share.percent),
        )

    def value(self, value: Value, column: Column) -> str:
        """What stands in a cell, in words."""
        if value is None:
            return NOTHING
        if isinstance(value, datetime):
            return self.words.instant(value, self.zone)
        if isinstance(value, str):
            return value
        match column.unit:
            case Unit.PERCENT:
                return self.words.percent(Decimal(value) / 100)
            case Unit.SECONDS:
                return self.words.length(float(value), short=True)
            case Unit.NUMBER:
                return self.words.number(value, 2)
            case _:
                return self.words.number(value)
