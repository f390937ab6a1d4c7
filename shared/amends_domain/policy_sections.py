"""The shape of the sections that no rule reads yet: ladder, mass, repeat, survey, quotas."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from amends_domain.documents import Node

_SAME = ("cause", "type", "product", "branch", "customer", "channel")
_SCALE = re.compile(r"(10|[1-9])(?:-(10|[1-9]))?")


def check_sections(sections: Mapping[str, Node]) -> None:
    """Adds to the nodes' errors what is wrong with the sections that are there."""
    for name, node in sections.items():
        _CHECKS[name](node)


def _ladder(node: Node) -> None:
    for step in node.items("a list of steps {after, to}"):
        at = step.keys("a step {after, to}", required=("after", "to"))
        at["after"].duration(zero=True)
        at["to"].text("a role")


def _mass(node: Node) -> None:
    at = node.keys("{same, count, within}", required=("same", "count", "within"))
    at["same"].one_of(_SAME, "a property")
    at["count"].whole("a count from 2", least=2)
    at["within"].duration()


def _repeat(node: Node) -> None:
    at = node.keys("{same, within}", required=("same", "within"))
    at["same"].texts("a property", _SAME)
    at["within"].duration()


def _survey(node: Node) -> None:
    at = node.keys("{unhappy, neutral, delighted}", required=("unhappy", "neutral", "delighted"))
    answers: list[int] = []
    for part in at.values():
        match = _SCALE.fullmatch(str(part.value))
        if match is None:
            part.expected("a part of the scale such as 1-6")
            return
        answers += range(int(match[1]), int(match[2] or match[1]) + 1)
    if sorted(answers) != list(range(1, 11)):
        node.fail("expected unhappy, neutral and delighted to share out the answers 1 to 10, each once")


def _quotas(node: Node) -> None:
    for branch in node.entries("quotas by branch").values():
        at = branch.keys("a branch's quotas", required=(), optional=("per_10k_customers", "customers", "volume"))
        for key, value in at.items():
            if key == "per_10k_customers":
                value.number("a number from 0")
            else:
                value.whole("a whole number from 0", least=0)


_CHECKS: Mapping[str, Callable[[Node], None]] = {
    "ladder": _ladder,
    "mass": _mass,
    "repeat": _repeat,
    "survey": _survey,
    "quotas": _quotas,
}
