"""The sections of a report that are read to learn: what customers say, causes, standards, cases worth discussing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from amends_domain.measures.figures import Figures, IndexFigures, Part, StandardFigures
from amends_domain.measures.pack import Pack
from amends_platform.words import message
from amends_workflow.reports.document import Block, Column, Section, Table, Unit, Value
from amends_workflow.reports.sections import by_branch, each, satisfaction
from amends_workflow.reports.wording import Said

_COUNT, _PERCENT, _NUMBER, _SECONDS = Unit.COUNT, Unit.PERCENT, Unit.NUMBER, Unit.SECONDS

_WORTH: Final = message(
    "Of customers who did not complain 9% bought again; of those who did, 19% when nothing was resolved, 54% when it"
    " was, and 82% when it was resolved quickly: on the spot, or within five business days."
)
# Of which kind the parts of an equation are, where they are codes.
_PARTS_ARE = {
    "kinds": "kind",
    "types": "type",
    "causes": "cause",
    "channels": "channel",
    "grades": "grade",
    "clocks": "clock",
    "answers": "answer",
    "states": "state",
}
# Among the states of all that is in the log.
_APART: Final = ("incidents", "history")


def customers(pack: Pack, said: Said) -> Section:
    text = said.words.text
    blocks: list[Block] = [
        satisfaction(pack, said),
        by_branch(
            pack,
            said,
            text("Satisfaction by branch"),
            (
                Column(text("answers"), _COUNT),
                *(Column(said.name("answer", name), _COUNT) for name in ("unhappy", "neutral", "delighted")),
                Column(text("satisfaction rate"), _PERCENT),
                Column(text("unhappy, of all"), _PERCENT),
                Column(text("mean answer"), _NUMBER),
            ),
            (_answers(one) for one in each(pack)),
            text("The satisfaction rate is the delighted of all who answered, on a scale from 1 to 10."),
        ),
        by_branch(
            pack,
            said,
            text("On the spot, come back, repeated"),
            (
                Column(text("confirmations"), _COUNT),
                Column(text("on the spot"), _COUNT),
                Column(text("on the spot, of all"), _PERCENT),
                Column(text("reopened"), _COUNT),
                Column(text("for each closing"), _PERCENT),
                Column(text("repeat complaints"), _COUNT),
                Column(text("of complaints"), _PERCENT),
            ),
            (_again(one) for one in each(pack)),
        ),
        by_branch(
            pack,
            said,
            text("What recovery is worth"),
            (
                Column(text("unresolved"), _COUNT),
                Column(text("resolved"), _COUNT),
                Column(text("resolved quickly"), _COUNT),
                Column(text("expected to buy again"), _PERCENT),
            ),
            (_recovery(one) for one in each(pack)),
            text(_WORTH),
        ),
    ]
    index = pack.total.satisfaction_index
    if index is not None:
        blocks.append(_index(index, said))
    return Section("customers", text("What customers say"), "", tuple(blocks))


def _answers(one: Figures) -> tuple[Value, ...]:
    of = one.satisfaction
    groups = (of.unhappy, of.neutral, of.delighted)
    return (sum(of.answers), *groups, of.satisfied.percent, of.unsatisfied.percent, of.mean)


def _again(one: Figures) -> tuple[Value, ...]:
    return (
        one.on_the_spot.whole,
        one.on_the_spot.part,
        one.on_the_spot.percent,
        one.reopened.rate.part,
        one.reopened.rate.percent,
        one.repeats.part,
        one.repeats.percent,
    )


def _recovery(one: Figures) -> tuple[Value, ...]:
    of = one.recovery
    return (of.unresolved, of.resolved, of.resolved_quickly, of.expected_percent)


def _index(index: IndexFigures, said: Said) -> Table:
    text = said.words.text
    return Table(
        text("Satisfaction index"),
        (
            Column(text("Indicator")),
            Column(text("weight"), _NUMBER),
            Column(text("answers"), _COUNT),
            Column(text("value, 1 to 10"), _NUMBER),
            Column(text("pulls the index down by"), _NUMBER),
        ),
        tuple(_indicators(index, said, 0)),
        text("An indicator that nobody was asked weighs nothing."),
    )


def _indicators(index: IndexFigures, said: Said, depth: int) -> Iterator[tuple[Value, ...]]:
    name = said.words.text("The whole index") if depth == 0 else _title(index.titles, index.name, said)
    pulls_down = index.pulls_down or None
    yield ("\u2003" * depth + name, None if depth == 0 else index.weight, index.answers, index.value, pulls_down)
    for part in index.parts:
        yield from _indicators(part, said, depth + 1)


def _title(titles: dict[str, str], name: str, said: Said) -> str:
    return titles.get(said.words.language) or titles.get("en") or name.replace("_", " ")


def causes(pack: Pack, said: Said) -> Section:
    text = said.words.text
    names = [row.cause for row in pack.total.causes if row.complaints]
    heat = Table(
        text("Complaints by cause and branch"),
        (
            Column(text("Cause")),
            *(Column(said.branch(one), _COUNT) for one in pack.branches),
            Column(text("All"), _COUNT),
        ),
        tuple(
            (
                said.name("cause", name),
                *(_complaints(one, name) for one in pack.branches),
                _complaints(pack.total, name),
            )
            for name in names
        ),
        is_heat=True,
    )
    measures = Table(
        text("Countermeasures by cause"),
        (
            Column(text("Cause")),
            Column(text("Complaints"), _COUNT),
            Column(text("open before"), _COUNT),
            Column(text("planned"), _COUNT),
            Column(text("done"), _COUNT),
            Column(text("found late"), _COUNT),
            Column(text("open at the end"), _COUNT),
        ),
        tuple(
            (said.name("cause", row.cause), row.complaints, row.before, row.planned, row.done, row.late, row.open)
            for row in pack.total.causes
        ),
    )
    recurred = Table(
        text("Whether countermeasures helped"),
        (
            Column(text("Branch")),
            Column(text("Cause")),
            Column(text("Case"), Unit.CASE),
            Column(text("done"), Unit.TIME),
            Column(text("complaints in the 30 days before"), _COUNT),
            Column(text("and after"), _COUNT),
        ),
        tuple(
            (each.branch, said.name("cause", each.cause), each.reference, each.done_at, each.before, each.after)
            for each in pack.total.recurrence
        ),
        text("Complaints of the same cause at the same branch; shown when the 30 days after are over."),
    )
    return Section("causes", text("Causes and countermeasures"), "", (heat, measures, recurred))


def _complaints(one: Figures, cause: str) -> int:
    return sum(row.complaints for row in one.causes if row.cause == cause)


def standards(pack: Pack, said: Said) -> Section:
    text, register = said.words.text, pack.total.standards
    months = [point.month for point in register[0].trend] if register else []
    table = Table(
        text("Service standards"),
        (
            Column(text("Standard")),
            Column(text("Kind")),
            Column(text("target"), _PERCENT),
            Column(text("result"), _PERCENT),
            Column(text("verdict")),
            Column(text("measured"), _COUNT),
            Column(text("mean time"), _SECONDS),
            *(Column(said.words.month(month), _PERCENT) for month in months[:-1]),
        ),
        tuple(_standard(each, said) for each in register),
    )
    lead = text("By today's definition, also for the months before.")
    return Section("standards", text("Service standards"), lead, (table,))


def _standard(one: StandardFigures, said: Said) -> tuple[Value, ...]:
    verdict = None if one.is_kept is None else said.words.text("met") if one.is_kept else said.words.text("NOT MET")
    return (
        _title(one.titles, one.name, said),
        said.name("standard", one.kind),
        one.target,
        one.now.percent,
        verdict,
        one.now.measured,
        one.now.mean_seconds,
        *(point.percent for point in one.trend[:-1]),
    )


def discussed(pack: Pack, said: Said) -> Section:
    text = said.words.text
    table = Table(
        text("Ten cases worth discussing"),
        (Column(text("Case"), Unit.CASE), Column(text("Branch")), Column(text("chosen for"))),
        tuple((each.reference, each.branch, said.name("discussed", each.rule)) for each in pack.total.discussed),
    )
    lead = text("Chosen by rules, not by anybody: each names the complaint that shows its point best.")
    return Section("discussed", text("Worth discussing"), lead, (table,))


def _part(equation: str, part: Part, said: Said) -> str:
    """A part by its name in words; what is taken away (-merged) is of a closing state, what stands apart of none."""
    taken_away = part.name.removeprefix("-")
    kind = _PARTS_ARE.get(equation, "part") if taken_away == part.name or equation != "flow" else "state"
    if part.name in _APART:
        kind = "part"
    return f"{said.name(kind, taken_away)} {part.count}"


def reconciled(pack: Pack, said: Said) -> Section:
    """The equations of all branches together, and those that do not hold, of whichever branch."""
    text = said.words.text
    own = [one for one in pack.reconciliations if not one.holds or (one.branch == pack.branch and ":" not in one.name)]
    table = Table(
        text("Totals and their parts"),
        (
            Column(text("Equation")),
            Column(text("Branch")),
            Column(text("Parts")),
            Column(text("Total"), _COUNT),
            Column(text("Difference"), _COUNT),
        ),
        tuple(
            (
                said.name("equation", one.name),
                one.branch or text("All branches"),
                " + ".join(_part(one.name, part, said) for part in one.parts if part.count) or "0",
                one.total,
                one.difference,
            )
            for one in own
        ),
        text("{count} equations were checked in all.", count=said.words.number(len(pack.reconciliations))),
    )
    return Section("reconciled", text("Whether totals reconcile"), "", (table,))
