"""What can be chosen: the codes that the words know, and those that the policy in force names."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from amends_domain.policy import Policy
from amends_domain.policy_rules import When
from amends_platform.words.terms import TERMS

# The facts whose values a policy may name, and the kind of term that each is.
_KINDS: Final = ("type", "cause", "channel", "flag", "product", "severity")


@lru_cache(maxsize=64)
def codes(kind: str, policy: Policy | None) -> tuple[str, ...]:
    """The codes of a kind of term, the policy's own last."""
    known = tuple(TERMS.get(kind, {}))
    if policy is None:
        return known
    return tuple(dict.fromkeys((*known, *_named(kind, policy))))


def branches(policy: Policy | None) -> tuple[str, ...]:
    """The branches that the policy in force has quotas for, to pick from while one types; there may be others."""
    return () if policy is None else tuple(sorted(policy.sections.get("quotas", {})))


def _named(kind: str, policy: Policy) -> Iterable[str]:
    if kind == "type":
        yield from policy.playbooks
    if kind == "action":
        for clock in policy.clocks:
            named = (clock.from_event, *sorted(clock.stop))
            yield from (name.removeprefix("action:") for name in named if name.startswith("action:"))
    if kind in _KINDS:
        for when in (*(clock.when for clock in policy.clocks), *(rule.when for rule in policy.grades)):
            yield from _accepted(when, kind)


def _accepted(when: When, fact: str) -> Iterable[str]:
    for name, accepted in when.conditions:
        if name == fact:
            yield from sorted(accepted)
