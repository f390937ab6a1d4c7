"""From a policy's document to its small sections."""

from __future__ import annotations

from amends_domain.documents import Node
from amends_domain.policy_rules import MassRule, RepeatRule

_SAME = ("cause", "type", "product", "branch", "customer", "channel")


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
