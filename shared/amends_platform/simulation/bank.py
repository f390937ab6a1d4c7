"""An invented bank: its branches and their staff, what it may be complained of, and its policy.

Nobody here exists. Staff go by ids, as everywhere; those called `dev-…` are whose keys `amends up` gives out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, NamedTuple

from amends_domain.decide import Actor
from amends_domain.policy import Policy
from amends_domain.policy_measures import Terms
from amends_platform.policy.files import DEFAULT_POLICY, pack_text

AGENT, HANDLER, SUPERVISOR, HEAD, EXECUTIVE = "agent", "handler", "supervisor", "department_head", "executive"


class Branch(NamedTuple):
    """`share` of the complaints. `customers` and the caps are what the policy's quotas say."""

    name: str
    language: str
    staff: str
    share: float
    customers: int = 0
    per_10k: int = 0
    volume: int = 0


BRANCHES: Final[tuple[Branch, ...]] = (
    Branch("north-street", "en", "11", 0.22, 16_400, 25, 42),
    Branch("harbour", "en", "12", 0.15, 12_900, 25, 34),
    Branch("old-market", "en", "22", 0.13, 9_200, 25, 30),
    Branch("城西支行", "zh", "30", 0.24, 11_800, 25, 38),
    Branch("河湾支行", "zh", "31", 0.16, 13_500, 25, 36),
    Branch("松岭支行", "zh", "33", 0.10, 8_700, 25, 26),
)

# What may be complained of: how often, of which products, and what is found to be the root of it.
TYPES: Final = {
    "atm_card_or_cash": (20, ("debit_card", "current_account"), ("cash_jam", "card_retained")),
    "waiting_time": (
        22,
        ("current_account", "savings_account", "debit_card"),
        ("process_too_slow", "customer_not_guided", "disorder_at_outlet"),
    ),
    "staff_mistake_or_attitude": (
        24,
        ("transfer", "credit_card", "savings_account"),
        (
            "staff_attitude",
            "basic_work_error_at_outlet",
            "first_inquiry_duty_not_met",
            "vulnerable_customer_not_cared_for",
            "other_personnel",
        ),
    ),
    "system_failure": (14, ("mobile_banking", "transfer"), ("process_too_slow", "basic_work_error_at_outlet")),
    "closing_time": (8, ("current_account", "savings_account"), ("disorder_at_outlet", "customer_not_guided")),
    "mis_selling": (
        12,
        ("investment_fund", "insurance", "personal_loan"),
        ("special_terms_not_pointed_out", "not_done_as_customer_asked"),
    ),
}
CHANNELS: Final = {
    "phone": 38,
    "branch": 22,
    "app": 16,
    "web": 8,
    "email": 6,
    "chat": 4,
    "letter": 3,
    "regulator": 1.5,
    "head_office": 1,
    "media": 0.5,
}
KINDS: Final = {"complaint": 84, "inquiry": 10, "suggestion": 3, "praise": 3}
SEVERITIES: Final = {"low": 30, "medium": 48, "high": 19, "severe": 3}
WISHES: Final = (
    "to_be_taken_seriously",
    "respect",
    "immediate_action",
    "compensation",
    "someone_held_to_account",
    "never_again",
    "to_be_heard",
    "sincere_admission",
)

_DEVELOPMENT: Final = {
    AGENT: "dev-agent",
    HANDLER: "dev-handler",
    SUPERVISOR: "dev-supervisor",
    HEAD: "dev-department_head",
    EXECUTIVE: "dev-executive",
}
_POSTS: Final = {AGENT: ("01", "02"), HANDLER: ("11", "12"), SUPERVISOR: ("21",)}
# How often it is the person whose key is given out: so there is something to do for whoever signs in with it.
_DEVELOPMENT_SHARE: Final = 0.25


def branches_of(policy: Policy) -> tuple[Branch, ...]:
    """Those to which the policy gives quotas, the larger with more of the complaints; else the bank's own."""
    quotas = Terms.of(policy.sections).quotas
    return (
        tuple(
            Branch(name, "en" if name.isascii() else "zh", str(number), float(quota.customers or quota.volume or 1))
            for number, (name, quota) in enumerate(quotas.items(), 11)
        )
        or BRANCHES
    )


def branch(chance: Random, branches: Sequence[Branch]) -> Branch:
    """One of the branches, by its share."""
    return chance.choices(branches, [each.share for each in branches])[0]


def one_of(chance: Random, weights: Mapping[str, float]) -> str:
    """One of the names, by its weight."""
    return chance.choices(list(weights), list(weights.values()))[0]


def staff(chance: Random, at: Branch, role: str, *without: str) -> Actor:
    """Somebody of the branch with this role; heads and executives are the whole bank's. None of `without`."""
    free = [f"S-{at.staff}{number}" for number in _POSTS.get(role, ("91",))]
    free = [person for person in free if person not in without]
    somebody = _DEVELOPMENT[role]
    is_development = role not in _POSTS or not free or chance.random() < _DEVELOPMENT_SHARE
    if is_development and somebody not in without:
        return Actor(somebody, role, None)
    return Actor(chance.choice(free), role, at.name if role in _POSTS else None)


def head_of(at: Branch) -> str:
    """The staff id of who heads the branch."""
    return f"S-{at.staff}90"


def policy_text() -> str:
    """The built-in policy of a bank with this bank's heads and quotas, as a file of its own."""
    heads = ", ".join(f"{each.name}: {head_of(each)}" for each in BRANCHES)
    quotas = "\n".join(
        f"  {each.name}: {{per_10k_customers: {each.per_10k}, customers: {each.customers}, volume: {each.volume}}}"
        for each in BRANCHES
    )
    return f"{pack_text(DEFAULT_POLICY)}\n# The demo's bank.\nheads: {{{heads}}}\nquotas:\n{quotas}\n"
