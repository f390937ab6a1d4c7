"""What the table permits to whom, by which of several grants, and what personal data may be opened for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from amends_domain.access.grants import Grant
from amends_domain.access.judging import acting, may, who_may
from amends_domain.access.purposes import PURPOSES, USUAL, opening
from amends_domain.access.roles import DESK, ROLES, STANDING
from amends_domain.access.rows import Reach
from amends_domain.access.table import OPEN, TABLE
from amends_domain.case import ALL_BRANCHES
from amends_domain.commands import Link, RejectErasure
from amends_domain.decide import Actor, Rejection
from amends_domain.decisions.erasure import decide_erasure
from amends_domain.events import ErasureRequested
from tests.support.lives import ON_THE_SPOT, OTHER_ID, life, received

AGENT_HERE, HANDLER_THERE = Grant("agent", "north-street"), Grant("handler", "harbour")
HEAD_THERE, AUDITOR = Grant("department_head", "harbour"), Grant("auditor", None)


def test_every_row_is_whole() -> None:
    assert not TABLE.keys() & OPEN.keys()
    for action, row in TABLE.items():
        assert row.action == action
        assert row.roles <= set(ROLES)
        assert row.meaning
        if row.above_ordinary is not None:
            assert row.above_ordinary < row.roles
            assert row.source, "a rule that is not just the role's says where it comes from"


def test_a_higher_role_of_the_desk_may_whatever_a_lower_one_may() -> None:
    desk = sorted(DESK, key=STANDING.__getitem__)
    for row in TABLE.values():
        for roles in (row.roles, who_may(row.action, "major")):
            allowed = [role in roles for role in desk]
            assert allowed == sorted(allowed), row.action


def test_an_administrator_sees_and_changes_no_case() -> None:
    assert [action for action, row in TABLE.items() if "admin" in row.roles] == []


def test_a_grant_of_one_branch_reaches_as_far_as_its_row_says() -> None:
    for action, row in TABLE.items():
        for role in row.roles:
            here = (Grant(role, "north-street"),)
            assert may(here, action, "north-street").is_permitted
            assert may(here, action, "harbour").is_permitted is (row.reach is Reach.TENANT)
            assert may(here, action, ALL_BRANCHES).is_permitted is (row.reach is not Reach.OWN)
            assert may((Grant(role, None),), action, "harbour").is_permitted
        for role in set(ROLES) - row.roles:
            assert may((Grant(role, None),), action).code == "role-not-allowed"


def test_what_is_listed_is_of_the_branches_of_the_grants_that_permit_it() -> None:
    assert may((AGENT_HERE, HANDLER_THERE), "read-queue").own_branches == frozenset({"north-street", "harbour"})
    assert may((AGENT_HERE, HEAD_THERE), "read-refusals").own_branches == frozenset({"harbour"})
    assert may((AGENT_HERE, HANDLER_THERE), "read-case").branches == frozenset(
        {"north-street", "harbour", ALL_BRANCHES}
    )
    assert may((AGENT_HERE, AUDITOR), "read-queue").own_branches is None
    assert may((AGENT_HERE,), "read-refusals").own_branches == frozenset()


def test_of_several_grants_the_highest_that_permits_it_there_is_the_one_that_acts() -> None:
    both = (AGENT_HERE, Grant("supervisor", None), HEAD_THERE)
    assert acting(both, "apologize", ["harbour"]) == HEAD_THERE
    assert acting(both, "apologize", ["north-street"]) == Grant("supervisor", None)
    assert acting((AGENT_HERE, AUDITOR), "apologize", ["north-street"]) == AGENT_HERE
    assert acting((Grant("handler", "harbour"), Grant("handler", None)), "apologize", ["harbour"]).branch is None


def test_one_grant_is_judged_as_it_is_among_others_that_permit_nothing() -> None:
    admin = Grant("admin", "nowhere")
    for action in TABLE:
        for role in ROLES:
            for branch in (None, "north-street", "harbour", ALL_BRANCHES):
                for grade in ("ordinary", "major"):
                    grant = Grant(role, "north-street")
                    alone, among = may((grant,), action, branch, grade), may((admin, grant), action, branch, grade)
                    assert (alone.code, alone.permitting) == (among.code, among.permitting)


def test_nobody_has_more_authority_in_a_branch_than_they_are_granted_there() -> None:
    held = (Grant("handler", "north-street"), HEAD_THERE)
    assert acting(held, "reject-erasure", ["north-street", "harbour"]) == Grant("handler", "north-street")
    assert may(held, "approve", "north-street").code == "role-not-allowed"


@pytest.mark.parametrize(("grants", "code"), [((AGENT_HERE,), "other-branch"), ((AUDITOR,), "role-not-allowed")])
def test_a_refusal_says_whether_the_role_or_the_branch_stands_in_the_way(grants: tuple[Grant, ...], code: str) -> None:
    assert may(grants, "apologize", "harbour").code == code


@pytest.mark.parametrize("grade", ["major", "escalated"])
def test_an_agent_settles_no_grave_case_on_the_spot(grade: str) -> None:
    grave = life().happened(received(grade=grade))
    grave.refuses(ON_THE_SPOT, "grade-not-allowed", by=Actor("a-1", "agent", None))
    assert grave.does(ON_THE_SPOT, by=Actor("h-1", "handler", None))


def test_the_other_case_of_a_command_may_be_reached_by_another_grant() -> None:
    here = life().happened(received())
    there = replace(life(), case_id=OTHER_ID).happened(received(branch="harbour"))
    link = Link(OTHER_ID, "related")
    by = Actor("h-1", "agent", "north-street")
    here.refuses(link, "other-branch", by=by, other=there)
    assert here.does(link, by=replace(by, held=(AGENT_HERE, HANDLER_THERE)), other=there)


def test_who_may_everywhere_only_what_a_handler_may_takes_back_no_erasure_of_others() -> None:
    asked = ErasureRequested("h-9", "asked by letter")
    cases = [life().happened(received(), asked).told]
    held = (Grant("handler", "north-street"), HEAD_THERE)
    grant = acting(held, RejectErasure.NAME, [case.branch for case in cases])
    by = Actor("h-1", *grant, held)
    outcome = decide_erasure(cases, RejectErasure(None), "a-key", life().context(by))
    assert isinstance(outcome, Rejection)
    assert outcome.code == "role-not-allowed"


def test_to_open_personal_data_takes_a_purpose_of_the_role() -> None:
    handler, auditor = Grant("handler", "harbour"), AUDITOR
    assert opening((handler,), "read-personal-data", "harbour", None) == (handler, "handling", None)
    assert opening((auditor,), "read-personal-data", "harbour", None).code == "purpose-missing"
    assert opening((auditor,), "read-personal-data", "harbour", "audit") == (auditor, "audit", None)
    assert opening((handler,), "read-personal-data", "harbour", "audit").code == "purpose-not-allowed"
    assert opening((handler, auditor), "read-personal-data", "harbour", "audit") == (auditor, "audit", None)
    assert opening((handler,), "read-personal-data", "elsewhere", None).code == "other-branch"
    assert opening((Grant("integration", None),), "read-personal-data", "harbour", "handling").code == (
        "role-not-allowed"
    )


def test_every_role_that_may_read_personal_data_has_a_purpose_for_it() -> None:
    readers = who_may("read-personal-data")
    assert frozenset().union(*(purpose.roles for purpose in PURPOSES.values())) == readers
    assert set(USUAL) == readers - {"auditor"}
    assert all(role in PURPOSES[name].roles for role, name in USUAL.items())
