"""A customer is forgotten: who may ask, who must agree, what stands in the way, and what stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.commands import AddNote, ApproveErasure, Hold, RejectErasure, ReleaseHold, RequestErasure, Withdraw
from amends_domain.decide import Actor, Rejection
from amends_domain.decisions.erasure import ErasureCommand, decide_erasure, erase_alone, given_away
from amends_domain.events import (
    ErasureRejected,
    ErasureRequested,
    Event,
    LegalHoldPlaced,
    LegalHoldReleased,
    MergedInto,
    PersonalDataErased,
)
from tests.support.lives import HANDLER, HEAD, OTHER_ID, Life, actor, life, received

KEY = "0198c0de-0000-7000-8000-000000000001"
EXECUTIVE = actor("executive")
WHY = "asked for by the customer, Art. 17 GDPR"
ASK = RequestErasure(WHY)
ERASED = PersonalDataErased(KEY, "a-handler", "a-department_head", WHY)


class Customer:
    """One customer's cases; every step returns another."""

    def __init__(self, *cases: Life, key: str | None = KEY) -> None:
        self.cases = cases
        self.key = key

    @property
    def told(self) -> list[Case]:
        return [each.told for each in self.cases]

    def means(self, command: ErasureCommand, by: Actor) -> list[tuple[Case, Event]]:
        outcome = decide_erasure(self.told, command, self.key, self.cases[0].context(by))
        assert not isinstance(outcome, Rejection), outcome
        return list(outcome)

    def does(self, command: ErasureCommand, by: Actor) -> Customer:
        return self.happened(self.means(command, by))

    def happened(self, recordings: Sequence[tuple[Case, Event]]) -> Customer:
        events = {case.id: event for case, event in recordings}
        after = (each.happened(events[each.case_id]) if each.case_id in events else each for each in self.cases)
        return Customer(*after, key=self.key)

    def with_key(self, key: str | None) -> Customer:
        return Customer(*self.cases, key=key)

    def refuses(self, command: ErasureCommand, code: str, by: Actor) -> str:
        outcome = decide_erasure(self.told, command, self.key, self.cases[0].context(by))
        assert isinstance(outcome, Rejection), outcome
        assert outcome.code == code
        return outcome.detail


def case(number: int = 1, **fields: Any) -> Life:
    of = life(case_id=OTHER_ID, position=500) if number == 2 else life(position=100)
    return of.happened(received(**fields))


def asked(*cases: Life) -> Customer:
    return Customer(*(cases or (case(), case(2)))).does(ASK, HANDLER)


def test_a_request_is_recorded_on_every_case_of_the_customer() -> None:
    customer = Customer(case(), case(2))
    recorded = customer.means(ASK, HANDLER)
    assert [each for each, _ in recorded] == customer.told
    assert {event for _, event in recorded} == {ErasureRequested("a-handler", WHY)}


def test_another_person_approves_and_then_it_is_erased_on_every_case() -> None:
    recorded = asked().means(ApproveErasure(), HEAD)
    assert [event for _, event in recorded] == [ERASED, ERASED]


def test_nobody_approves_what_they_asked_for() -> None:
    Customer(case()).does(ASK, HEAD).refuses(ApproveErasure(), "own-request", HEAD)
    # A person is a person, whichever role they act in.
    same_person = replace(EXECUTIVE, id=HEAD.id)
    Customer(case()).does(ASK, HEAD).refuses(ApproveErasure(), "own-request", same_person)


@pytest.mark.parametrize("role", ["handler", "supervisor", "department_head", "executive"])
def test_owners_and_above_ask(role: str) -> None:
    assert Customer(case()).means(ASK, actor(role))


@pytest.mark.parametrize(
    ("command", "roles"),
    [
        (ASK, ["agent", "integration", "auditor", "admin"]),
        (ApproveErasure(), ["agent", "handler", "supervisor", "integration", "auditor", "admin"]),
        (RejectErasure(), ["agent", "supervisor", "integration", "auditor", "admin"]),
    ],
    ids=lambda value: getattr(value, "NAME", None),
)
def test_others_neither_ask_nor_answer(command: ErasureCommand, roles: list[str]) -> None:
    for role in roles:
        asked().refuses(command, "role-not-allowed", replace(actor(role), id="somebody-else"))


def test_a_head_rejects_and_whoever_asked_takes_it_back() -> None:
    for by in (HEAD, EXECUTIVE, HANDLER):
        rejected = asked().does(RejectErasure("Not the customer on the phone."), by)
        assert [each.erasure for each in rejected.told] == [None, None]
    assert asked().means(RejectErasure(), HEAD)[0][1] == ErasureRejected("a-department_head")
    asked().refuses(RejectErasure(), "role-not-allowed", replace(HANDLER, id="another-handler"))


def test_what_nobody_asked_for_is_neither_approved_nor_rejected() -> None:
    Customer(case()).refuses(ApproveErasure(), "no-erasure-asked", HEAD)
    Customer(case()).refuses(RejectErasure(), "no-erasure-asked", HEAD)
    asked().does(RejectErasure(), HEAD).refuses(ApproveErasure(), "no-erasure-asked", HEAD)


def test_what_is_asked_for_already_is_answered_first() -> None:
    assert "a-handler" in asked().refuses(ASK, "erasure-pending", HEAD)


def test_a_complaint_made_since_the_request_goes_too() -> None:
    customer = Customer(*asked(case()).cases, case(2))
    assert [event for _, event in customer.means(ApproveErasure(), HEAD)] == [ERASED, ERASED]
    # There is nothing on it that could be rejected.
    assert [each.id for each, _ in customer.means(RejectErasure(), HEAD)] == [customer.told[0].id]


@pytest.mark.parametrize(
    "given",
    [case(), case().does(Withdraw("phone", "…")), case(kind="inquiry"), case().happened(MergedInto("…", "…"))],
    ids=["open", "closed", "an inquiry", "merged"],
)
def test_an_erasure_is_recorded_on_every_case_and_changes_nothing_of_its_life(given: Life) -> None:
    before, after = given, asked(given).does(ApproveErasure(), HEAD).cases[0]
    assert after.told.erased_at == after.now
    told = {"version", "position", "marks", "erased_at"}
    assert {k: v for k, v in vars(after.told).items() if k not in told} == {
        k: v for k, v in vars(before.told).items() if k not in told
    }
    assert obligations(after.told, after.policies) == obligations(before.told, before.policies)


def test_a_legal_hold_on_any_case_refuses_it_at_every_step() -> None:
    held = case(2).does(Hold("A lawsuit."))
    detail = Customer(case(), held).refuses(ASK, "legal-hold", HANDLER)
    assert detail.count("-") == 1, f"it names the case that is held and no other: {detail}"
    first, second = asked().cases
    Customer(first, second.does(Hold("A lawsuit."))).refuses(ApproveErasure(), "legal-hold", HEAD)
    assert isinstance(erase_alone(Customer(case(), held).told, KEY, "cli:root", WHY), Rejection)
    assert Customer(case(), held.does(ReleaseHold("Settled."))).means(ASK, HANDLER)


def test_a_hold_is_placed_once_and_released_once() -> None:
    assert case().means(Hold("A lawsuit.")) == (LegalHoldPlaced(reason="A lawsuit."),)
    held = case().does(Hold("A lawsuit."))
    held.refuses(Hold("Another."), "already-held")
    assert held.means(ReleaseHold("Settled.")) == (LegalHoldReleased(reason="Settled."),)
    assert "no legal hold" in case().refuses(ReleaseHold("Settled."), "illegal-state")


def test_staff_whom_the_customer_complained_of_do_not_erase_the_complaint() -> None:
    accused = case(2, complained_of=("a-handler", "a-department_head"))
    Customer(case(), accused).refuses(ASK, "recused", HANDLER)
    customer = Customer(case(), accused).does(ASK, actor("supervisor"))
    customer.refuses(ApproveErasure(), "recused", HEAD)
    assert customer.means(ApproveErasure(), EXECUTIVE)
    accused.does(Hold("…"), EXECUTIVE).refuses(ReleaseHold("…"), "recused", HEAD)


def test_a_key_of_one_branch_erases_only_whom_no_other_branch_knows() -> None:
    customer = Customer(case(), case(2, branch="harbour"))
    customer.refuses(ASK, "other-branch", actor("handler", "north-street"))
    assert Customer(case()).means(ASK, actor("handler", "north-street"))


def test_an_erased_customer_may_complain_and_be_erased_again() -> None:
    erased = asked(case()).does(ApproveErasure(), HEAD).with_key(None)
    erased.refuses(ASK, "already-erased", HANDLER)
    erased.refuses(ApproveErasure(), "already-erased", HEAD)
    (first,) = erased.cases
    again = Customer(first.does(AddNote("Called again.")), case(2), key="another-key").does(ASK, HANDLER)
    events = [event for _, event in again.means(ApproveErasure(), HEAD)]
    assert events == [replace(ERASED, key_id="another-key")] * 2


def test_whoever_holds_database_and_keys_erases_without_a_second_person() -> None:
    told = Customer(case(), case(2)).told
    outcome = erase_alone(told, KEY, "cli:root", WHY)
    assert outcome == tuple((each, PersonalDataErased(KEY, "cli:root", "cli:root", WHY)) for each in told)
    assert isinstance(erase_alone(told, None, "cli:root", WHY), Rejection)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "two\nlines", "a\x00b", "bell\x07", "hidden\u200bjoiner"])
def test_a_reason_is_one_line_that_can_be_printed(reason: str) -> None:
    Customer(case()).refuses(RequestErasure(reason), "reason-unfit", HANDLER)
    outcome = erase_alone([case().told], KEY, "cli:root", reason)
    assert isinstance(outcome, Rejection)
    assert outcome.code == "reason-unfit"


KNOWN = {
    "ref": "C-1",
    "name": "Ms. Rosalind Chen",
    "phone": "+86 138-1234-5678",
    "email": "r.chen@example.com",
    "address": {"street": "Harbour Lane", "number": 7},
    "vip": True,
}


@pytest.mark.parametrize(
    ("reason", "field"),
    [
        ("asked for by ROSALIND chen herself", "name"),
        ("asked for by Chen", "name"),
        ("call 138 1234 5678 to confirm", "phone"),
        ("call +8613812345678 to confirm", "phone"),
        ("see the mail of r.chen@example.com", "name"),
        ("lives in Harbour Lane", "street"),
        ("request C-1 of 2026-11-22, Art. 17", None),
        ("asked for in chenille", None),
        ("number 7 of the register", None),
    ],
)
def test_a_reason_that_says_who_the_customer_is_is_refused(reason: str, field: str | None) -> None:
    refused = given_away(reason, [{}, KNOWN])
    assert (refused is None) == (field is None)
    if refused is not None:
        assert refused.code == "reason-names-customer"
        assert f"customer's {field}," in refused.detail


@pytest.mark.parametrize("name", ["李雷", "李 雷"])
def test_a_name_in_a_script_without_blanks_is_found_anywhere(name: str) -> None:
    assert given_away("应李雷本人要求删除", [{"name": name}]) is not None
    assert given_away("应客户本人要求删除", [{"name": name}]) is None
