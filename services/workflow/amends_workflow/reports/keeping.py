"""The sections of a report about what was promised, and what went round in circles."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from amends_domain.measures.figures import Part
from amends_domain.measures.pack import Pack
from amends_platform.words import message
from amends_workflow.reports.document import Bar, Bars, Block, Column, Section, Table, Unit
from amends_workflow.reports.sections import by_branch, each
from amends_workflow.reports.wording import Said

_COUNT, _PERCENT, _NUMBER = Unit.COUNT, Unit.PERCENT, Unit.NUMBER

_PROMISES: Final = {
    "before": message("open before"),
    "made": message("made"),
    "kept": message("kept"),
    "broken": message("broken"),
    "dropped": message("dropped"),
    "open": message("open at the end"),
}


def deadlines(pack: Pack, said: Said) -> Section:
    text = said.words.text
    clocks = pack.total.timeliness.clocks
    kept = (Column(text("met"), _COUNT), Column(text("met or breached"), _COUNT), Column(text("in time"), _PERCENT))
    blocks: tuple[Block, ...] = (
        Bars(
            text("Deadlines met, by clock"),
            text("A bar for each clock: deadlines met in per cent of those that were met or breached."),
            tuple(
                Bar(
                    said.name("clock", clock.clock),
                    clock.kept.percent or Decimal(0),
                    said.share(clock.kept),
                    Decimal(100),
                )
                for clock in clocks
            ),
        ),
        Table(
            text("Deadlines by clock"),
            (Column(text("Clock")), *kept),
            tuple(
                (said.name("clock", clock.clock), clock.kept.part, clock.kept.whole, clock.kept.percent)
                for clock in clocks
            ),
        ),
        by_branch(
            pack,
            said,
            text("Deadlines by branch"),
            kept,
            ((one.timeliness.kept.part, one.timeliness.kept.whole, one.timeliness.kept.percent) for one in each(pack)),
        ),
        by_branch(
            pack,
            said,
            text("Promises"),
            (
                *(Column(text(title), _COUNT) for title in _PROMISES.values()),
                Column(text("kept, of kept and broken"), _PERCENT),
            ),
            ((*(getattr(one.promises, name) for name in _PROMISES), one.promises.rate.percent) for one in each(pack)),
        ),
    )
    lead = text("A deadline counts when it was met or fell due; those of customers themselves count nowhere.")
    return Section("deadlines", text("What was due and promised"), lead, blocks)


def trouble(pack: Pack, said: Said) -> Section:
    text = said.words.text
    rows = by_branch(
        pack,
        said,
        text("Escalations, hand-offs and late entries"),
        (
            Column(text("escalations"), _COUNT),
            Column(text("by a ladder"), _COUNT),
            Column(text("by a person"), _COUNT),
            Column(text("notices"), _COUNT),
            Column(text("hand-offs accepted"), _COUNT),
            Column(text("refused"), _COUNT),
            Column(text("per case"), _NUMBER),
            Column(text("late entries"), _COUNT),
            Column(text("of entries"), _PERCENT),
        ),
        (
            (
                one.escalations.count,
                _count(one.escalations.parts, "deadline"),
                _count(one.escalations.parts, "asked"),
                one.notices,
                one.hand_offs.accepted,
                one.hand_offs.refused,
                one.hand_offs.per_case,
                one.late_entries.part,
                one.late_entries.percent,
            )
            for one in each(pack)
        ),
    )
    card = by_branch(
        pack,
        said,
        text("Scorecard"),
        (
            Column(text("points at the beginning"), _NUMBER),
            Column(text("escalations"), _COUNT),
            Column(text("mass incidents"), _COUNT),
            Column(text("opened by the policy"), _COUNT),
            Column(text("cases linked to one"), _COUNT),
            Column(text("deducted"), _NUMBER),
            Column(text("score"), _NUMBER),
        ),
        (
            (
                one.scorecard.start,
                one.scorecard.escalations,
                one.scorecard.mass_incidents,
                one.mass_incidents.automatic,
                one.mass_incidents.linked_cases,
                one.scorecard.deducted,
                one.scorecard.score,
            )
            for one in each(pack)
        ),
        text(
            "Each escalation deducts {escalation}, each mass incident {incident}; a score is never below 0.",
            escalation=said.words.number(pack.total.scorecard.per_escalation),
            incident=said.words.number(pack.total.scorecard.per_mass_incident),
        ),
    )
    return Section("trouble", text("What went round in circles"), "", (rows, card))


def _count(parts: tuple[Part, ...], name: str) -> int:
    return sum(part.count for part in parts if part.name == name)
