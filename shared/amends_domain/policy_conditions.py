"""From a policy's document to the conditions and grades that a case is measured by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from amends_domain.documents import Node
from amends_domain.policy_rules import FACTS, GradeRule, When

GRADES: Final = ("ordinary", "major", "escalated")
KINDS: Final = ("complaint", "inquiry", "suggestion", "praise")

# A role that is told something is a part of a subject: lower case and no dots.
ROLE_SHAPE: Final = r"[a-z][a-z0-9_]{0,47}"

_CLOSED_LISTS: Mapping[str, tuple[str, ...]] = {"kind": KINDS, "grade": GRADES}


def read_when(node: Node, facts: tuple[str, ...]) -> When:
    """Conditions on some of the `facts`."""
    at = node.keys(f"conditions on {', '.join(facts)}", required=(), optional=facts)
    conditions = []
    for fact, value in at.items():
        conditions.append((fact, frozenset(value.texts(f"a {fact}", _CLOSED_LISTS.get(fact)))))
    return When(tuple(sorted(conditions, key=lambda condition: condition[0])))


def read_grades(node: Node) -> tuple[GradeRule, ...]:
    """The grades in the order of the document: the first that matches wins."""
    rules = []
    for item in node.items("a list of grades"):
        at = item.keys("a grade: {grade, when, notify}", required=("grade",), optional=("when", "notify"))
        rules.append(
            GradeRule(
                at["grade"].one_of(GRADES, "a grade"),
                # The grade is what these rules decide, so they cannot ask for it.
                read_when(at["when"], tuple(f for f in FACTS if f != "grade")) if "when" in at else When(),
                tuple(_notify(at["notify"])) if "notify" in at else (),
            )
        )
    return tuple(rules)


def _notify(node: Node) -> list[str]:
    nodes = [node] if isinstance(node.value, str) else node.items("a role to notify, or a list of them")
    return [each.name("a role such as general_office", ROLE_SHAPE) for each in nodes]
