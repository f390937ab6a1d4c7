"""From a policy's document to its small sections. Of survey and quotas only the shape is read: no rule asks them."""

from __future__ import annotations

import re

from amends_domain.documents import Node
from amends_domain.policy_rules import MassRule, RepeatRule

_SAME = ("cause", "type", "product", "branch", "customer", "channel")
_SCALE = re.compile(r"(10|[1-9])(?:-(10|[1-9]))?")


def read_mass(node: Node) -> MassRule:
    at = node.keys("{same, count, within}", required=("same", "count", "within"))
    return MassRule(
        at["same"].one_of(_SAME, "a property"), at["count"].whole("a count from 2", least=2), at["within"].duration()
    )


def read_repeat(node: Node) -> RepeatRule:
    at = node.keys("{same, within}", required=("same", "within"))
    return RepeatRule(tuple(at["same"].texts("a property", _SAME)), at["within"].duration())


def read_heads(node: Node) -> dict[str, str]:
    """Branches and the staff ids of those who head them."""
    heads = node.entries("staff ids by branch")
    return {branch: head.text("the staff id of the branch's head") for branch, head in heads.items()}


def check_survey(node: Node) -> None:
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


def check_quotas(node: Node) -> None:
    for branch in node.entries("quotas by branch").values():
        at = branch.keys("a branch's quotas", required=(), optional=("per_10k_customers", "customers", "volume"))
        for key, value in at.items():
            if key == "per_10k_customers":
                value.number("a number from 0")
            else:
                value.whole("a whole number from 0", least=0)
