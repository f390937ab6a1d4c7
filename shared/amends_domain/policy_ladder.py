"""From a policy's document to the ladder: who is told when a clock is not stopped, relative to its due time."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from amends_domain.documents import Node
from amends_domain.policy_conditions import GRADES, ROLE_SHAPE
from amends_domain.policy_rules import CUSTOMER, ClockRule, LadderStep

_STEP = "a step: {after or before, to, when}"


class Rung(NamedTuple):
    """A step of the policy's ladder and the `clocks` it is for; none named: for every clock."""

    step: LadderStep
    clocks: frozenset[str] = frozenset()

    def is_for(self, clock: str) -> bool:
        return not self.clocks or clock in self.clocks


def read_ladder(node: Node, clocks: Collection[str]) -> tuple[Rung, ...]:
    """The policy's ladder. Its conditions may name some of `clocks`."""
    return _rungs(node, clocks)


def read_steps(node: Node) -> tuple[LadderStep, ...]:
    """A clock's own ladder."""
    return tuple(rung.step for rung in _rungs(node, None))


def climbed(rule: ClockRule, ladder: Collection[Rung]) -> tuple[LadderStep, ...]:
    """The steps of the policy's ladder for a clock that has none of its own."""
    if rule.owed_by == CUSTOMER:
        return ()
    return tuple(rung.step for rung in ladder if rung.is_for(rule.name))


def _rungs(node: Node, clocks: Collection[str] | None) -> tuple[Rung, ...]:
    rungs: list[Rung] = []
    for item in node.items("a list of steps: {after or before, to, when}"):
        mistakes = len(item.errors)
        rung = _rung(item, clocks)
        if len(item.errors) == mistakes and any(_same(rung, other) for other in rungs):
            item.fail(f"{rung.step.to} is told twice, {rung.step.label} the due time")
        rungs.append(rung)
    return tuple(rungs)


def _rung(node: Node, clocks: Collection[str] | None) -> Rung:
    at = node.keys(_STEP, required=("to",), optional=("after", "before", "when"))
    if ("after" in at) == ("before" in at) and isinstance(node.value, dict):
        node.fail("expected exactly one of after and before", at_key=True)
    after = at["after"].duration(zero=True) if "after" in at else None
    before = at["before"].duration() if "before" in at else None
    if "before" in at and at["before"].value == "same_day":
        at["before"].fail("same_day cannot be counted backwards")
    known = ("grade",) if clocks is None else ("clock", "grade")
    when = at["when"].keys(f"conditions on {' and '.join(known)}", required=(), optional=known) if "when" in at else {}
    step = LadderStep(
        f"{after} after" if after is not None else f"{before} before",
        before,
        after,
        at["to"].name("a role such as department_manager", ROLE_SHAPE),
        frozenset(when["grade"].texts("a grade", GRADES)) if "grade" in when else frozenset(),
    )
    return Rung(step, frozenset(when["clock"].texts("a clock", clocks)) if "clock" in when else frozenset())


def _same(rung: Rung, other: Rung) -> bool:
    """Whether some clock on a case of some grade would tell the same role at the same time, twice."""
    return (
        (rung.step.label, rung.step.to) == (other.step.label, other.step.to)
        and _meet(rung.clocks, other.clocks)
        and _meet(rung.step.grades, other.step.grades)
    )


def _meet(some: frozenset[str], others: frozenset[str]) -> bool:
    return not some or not others or not some.isdisjoint(others)
