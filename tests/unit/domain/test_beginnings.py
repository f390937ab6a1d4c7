"""What is due on a complaint that was just received, told from its event alone."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from amends_domain.beginnings import first_deadlines
from amends_domain.case import KINDS
from amends_domain.clocks import obligations
from amends_domain.events import ComplaintReceived, Recorded
from amends_domain.evolve import fold
from amends_domain.policy import Policy
from amends_domain.runs import Verdict
from amends_platform.policy.files import built_in_policies, load_policy
from tests.support.lives import CASE_ID, received

TIMES = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


@cache
def policies() -> tuple[Policy, ...]:
    return tuple(load_policy(name).policy for name in built_in_policies())


def _said(policy: Policy, fact: str) -> st.SearchStrategy[str | None]:
    """A value that one of the policy's clocks asks for, or another one."""
    asked = {
        value for rule in policy.clocks for name, accepted in rule.when.conditions if name == fact for value in accepted
    }
    return st.sampled_from([None, "something else", *sorted(asked)])


@st.composite
def complaints(draw: st.DrawFn) -> tuple[ComplaintReceived, datetime, Policy]:
    policy = draw(st.sampled_from(policies()))
    flags = st.lists(st.sampled_from(["urgent", "complex", "severe", "vulnerable"]), unique=True)
    facts = {fact: draw(_said(policy, fact)) for fact in ("type", "cause", "product", "severity")}
    event = received(
        **facts,
        kind=draw(st.sampled_from(KINDS)),
        channel=draw(_said(policy, "channel")) or "phone",
        grade=draw(st.sampled_from(["ordinary", "major"])),
        flags=tuple(draw(flags)),
        reply_by=draw(st.none() | TIMES),
        historical=draw(st.booleans()) and draw(st.booleans()),
    )
    return event, draw(TIMES), policy


@given(complaints())
def test_what_is_due_first_is_what_reading_the_case_of_that_one_event_finds(
    received_at: tuple[ComplaintReceived, datetime, Policy],
) -> None:
    event, at, policy = received_at
    case = fold(None, CASE_ID, [Recorded(1, 1, event, at, at, policy.hash, "a-agent")])
    assert case is not None
    assert [(kind, due_at, Verdict.PENDING) for kind, due_at in first_deadlines(event, at, policy)] == [
        (deadline.kind, deadline.due_at, deadline.status) for deadline in obligations(case, {policy.hash: policy})
    ]
