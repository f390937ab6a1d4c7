"""Clear text outlives every erasure, so none is taken that says who the customer is; and nothing else is refused."""

from __future__ import annotations

import dataclasses
import tracemalloc
from typing import Any, get_type_hints

import pytest

from amends_domain import events as domain_events
from amends_domain.decide import Rejection
from amends_domain.decisions.clear_text import CODES, PLACES, STAFF, gives_away
from amends_domain.event_codec import EVENT_TYPES
from amends_domain.events import ActionTaken, ComplaintReceived, OwnerAssigned
from amends_domain.identity import is_personal

KNOWN = {
    "name": "Dora Chen",
    "phone": "+86 138-1234-5678",
    "email": "d.chen@example.com",
    "address": {"street": "Harbour Lane", "city": "Springfield", "zip": "90210"},
    "birth_date": "1980-01-02",
    "branch_name": "Springfield North",
    "vip": True,
}
# Ours, or checked against what is known already: no text that a caller makes up.
NO_TEXT = {
    *("customer_ref", "external_ref", "case", "into", "incident", "reference", "into_reference", "from_case"),
    *("earlier_case", "key_id", "amount", "currency", "clock", "warning", "owed_by", "grade", "role", "command"),
    *("direction", "relation", "same", "removed", "alert", "answers"),
    *("proposed_by", "approval_by", "approved_by", "rejected_by", "requested_by", "promised_by", "offered_by"),
    *("refused_by", "liable", "previous_owner", "previous_kind", "previous_grade"),
}
# Erasing has a comparison of its own, reopening a list of reasons; an incident is no customer's.
COMPARED_ELSEWHERE = {
    *(("erasure-requested", "reason"), ("personal-data-erased", "reason"), ("case-reopened", "reason")),
    *(("incident-opened", "title"), ("incident-opened", "value")),
}


def received(**fields: Any) -> ComplaintReceived:
    return ComplaintReceived(
        **({"channel": "phone", "branch": "north", "customer_ref": "C-1", "owner": "s-1"} | fields)
    )


def found(customer: dict[str, Any], **fields: Any) -> str | None:
    """What of the customer's the fields of a complaint give away."""
    refused = gives_away((received(**fields),), customer)
    if refused is None:
        return None
    assert refused.code == "clear-text-names-customer"
    (field,) = fields
    assert refused.detail.startswith(f"{field} holds the customer's ")
    return refused.detail.removeprefix(f"{field} holds the customer's ").partition(",")[0]


def test_every_clear_text_of_every_event_is_compared_or_no_text_of_a_callers() -> None:
    unknown = []
    events = [value for value in vars(domain_events).values() if getattr(value, "TYPE", None) in EVENT_TYPES]
    assert {event.TYPE for event in events} == EVENT_TYPES
    for event in events:
        hints = get_type_hints(event)
        for field in dataclasses.fields(event):
            is_clear = not field.metadata.get("personal") and "str" in str(hints[field.name])
            compared = field.name in CODES | PLACES | STAFF | NO_TEXT or (event.TYPE, field.name) in COMPARED_ELSEWHERE
            if is_clear and not compared:
                unknown.append((event.TYPE, field.name))
    assert unknown == []


@pytest.mark.parametrize(
    "value", ["Dora Chen", "CHEN, Dora", "dora_chen", "mail-from-dora-chen", "DoraChen", "Dóra Chen"]
)
@pytest.mark.parametrize("field", ["channel", "type", "cause", "severity"])
def test_a_code_that_holds_the_name_is_refused_however_it_is_written(field: str, value: str) -> None:
    assert found(KNOWN, **{field: value}) == "name"


@pytest.mark.parametrize("field", ["desired_outcomes", "flags", "complained_of"])
def test_lists_are_looked_through(field: str) -> None:
    assert found(KNOWN, **{field: ("urgent", "Dora Chen")}) == "name"
    assert found(KNOWN, **{field: ("urgent", "dora", "chen")}) is None


@pytest.mark.parametrize(
    ("customer", "value", "what"),
    [
        (KNOWN, "Dora Chen", "name"),
        (KNOWN, "branch of Chen Dora", "name"),
        (KNOWN, "138 1234 5678", "phone"),
        (KNOWN, "desk-008613812345678", "phone"),
        (KNOWN, "１３８１２３４５６７８", "phone"),
        (KNOWN, "write to D.Chen@example.com", "email"),
        ({"person": {"first_name": "Dora", "last_name": "Chen"}}, "chen dora", "name"),
        ({"names": ["Chen", "Dora"]}, "chen dora", "name"),
        ({"name": {"first": "Dora", "last": "Chen"}}, "chen dora", "name"),
        ({"firstName": "Dora", "lastName": "Chen"}, "chen dora", "name"),
        ({"family_name": "李", "given_name": "雷"}, "李雷", "name"),
        ({"phone": "555-0142 or 0991-8472-6630"}, "5550142", "phone"),
        ({"name": "Dora 138 1234 5678"}, "13812345678", "name"),
        ({"mail": "Dora <d.chen@example.com>"}, "d.chen@example.com", "mail"),
        ({"name": "Ms. Chen"}, "ms chen", "name"),
        ({"name": "Zorblax"}, "Zorblax", "name"),
        ({"name": "José de la Cruz"}, "jose-cruz", "name"),
        ({"name": "李雷"}, "李雷", "name"),
        ({"name": "李 雷 先生"}, "李雷", "name"),
        ({"name": "王小明"}, "王小明专柜", "name"),
        ({"phone": "555-0142"}, "5550142", "phone"),
        ({"id": 110101199003074}, "id 110101199003074", "id"),
    ],
)
def test_a_branch_or_a_product_that_says_who_the_customer_is_is_refused(
    customer: dict[str, Any], value: str, what: str
) -> None:
    assert found(customer, branch=value) == what
    assert found(customer, product=value) == what


@pytest.mark.parametrize(
    ("customer", "value"),
    [
        ({}, "Dora Chen"),
        ({"name": "Li"}, "Lincoln"),
        ({"name": "Li"}, "li"),
        ({"name": "Mr. Lincoln"}, "Lincoln"),
        ({"name": "Ms. King"}, "king-street"),
        ({"name": "Card"}, "card"),
        ({"name": "Card"}, "Debit Card"),
        ({"name": "Ms. Loan"}, "loan"),
        ({"name": "Nguyen Thi Loan"}, "personal_loan"),
        ({"name": "Rosalind Chen"}, "chenille"),
        ({"name": "Maria de la Cruz"}, "plaza de la cruz"),
        ({"name": "J. R. Ewing"}, "j-r-street"),
        ({"name": "Mar Ina"}, "marina"),
        ({"name": "白云"}, "白云支行"),
        ({"name": "李"}, "李村支行"),
        ({"name": "李雷"}, "雷州支行"),
        (KNOWN, "Harbour Lane"),
        (KNOWN, "springfield-north"),
        (KNOWN, "90210"),
        (KNOWN, "1980-01-02"),
        (KNOWN, "five-of-1234"),
        ({"phone": "112"}, "1123"),
        ({"note": "@"}, "desk@north.example"),
        ({"employer": {"name": "North Street Bakery"}}, "north-street"),
        ({"published": {"sub_product": "Credit card", "company_name": "Big Bank"}}, "Credit card of Big Bank"),
    ],
)
def test_a_branch_or_a_product_that_only_sounds_like_the_customer_is_taken(
    customer: dict[str, Any], value: str
) -> None:
    assert found(customer, branch=value) is None
    assert found(customer, product=value) is None


@pytest.mark.parametrize(
    ("customer", "value"),
    [
        ({"name": "Ms. Cash"}, "atm_card_or_cash"),
        ({"name": "Ms. Price"}, "price_not_as_agreed"),
        ({"name": "Price"}, "price"),
        ({"name": "An Na"}, "anna"),
        ({"name": "王芳"}, "态度问题"),
    ],
)
def test_a_code_that_only_sounds_like_the_customer_is_taken(customer: dict[str, Any], value: str) -> None:
    assert found(customer, type=value) is None


def test_staff_of_the_customers_name_are_called_by_their_id() -> None:
    assert found(KNOWN, complained_of=("dora.chen",)) is None
    assert found(KNOWN, complained_of=("Dora Chen",)) == "name"
    assert found({"name": "王芳"}, complained_of=("王芳",)) == "name"
    assert found({"name": "王芳"}, complained_of=("王芳芳",)) is None
    assert found({"name": "Chen"}, complained_of=("Chen",)) is None
    assert isinstance(gives_away((OwnerAssigned("Dora Chen", "s-1"),), KNOWN), Rejection)


def test_a_name_of_two_letters_is_found_within_a_code() -> None:
    assert found({"name": "李雷"}, type="李雷的投诉") == "name"


def test_what_is_sealed_may_say_everything() -> None:
    told = received(narrative="I am Dora Chen.", customer=KNOWN)
    assert gives_away((told, ActionTaken("refund_made", text="To Dora Chen, 13812345678.")), KNOWN) is None


@pytest.mark.parametrize("customer", [None, {}, {"name": ""}, {"name": "..."}, {"name": None}, {"phone": [[["1"]]]}])
def test_of_whom_nothing_is_known_nothing_is_given_away(customer: Any) -> None:
    assert gives_away((received(type="..."),), customer) is None


@pytest.mark.parametrize(
    ("title", "personal"),
    [
        ("Call 0991-8472-6630 back", True),
        ("d.chen@example.com cannot sign in", True),
        ("+86 138 1234 5678", True),
        ("Machines keep cards", False),
        ("Outage of 2026-11-27 09:30 to 2026-11-28 10:15", False),
        ("Outage 20261127 in 4 of 12 branches", False),
        ("INC0012345678: cards", False),
        ("停电 2026-11-27", False),
        ("@north-street", False),
    ],
)
def test_the_title_of_an_incident_holds_nobodys_address_or_telephone_number(title: str, personal: bool) -> None:
    assert is_personal(title) == personal


def test_much_that_is_known_and_much_that_is_said_are_compared_at_once() -> None:
    known = {"name": " ".join(f"w{number}x" for number in range(100_000)), "ids": list(range(10**8, 10**8 + 50_000))}
    flags = tuple(f"flag {number}" for number in range(50))
    assert found(known, flags=(*flags, "100049999")) == "ids"
    assert found(known, flags=flags) is None


# Where the time grows with the square of the length these take hours.
@pytest.mark.parametrize(
    "value",
    ["a" * 1_000_000, "1" * 1_000_000, "@".join("a" * 500_000), "a@" + "." * 500_000, "a" + "\u0316\u0300" * 250_000],
    ids=["one word", "one number", "many half addresses", "half an address", "accents upon accents"],
)
def test_however_long_a_word_of_the_customers_is_it_is_compared_at_once(value: str) -> None:
    assert found({"name": "Dora Chen", "note": value}, channel="phone 7654321 é") is None
    assert found({"note": f"{value} d.chen@example.com"}, type="d.chen@example.com é") == "note"


def test_a_long_name_of_a_field_is_not_kept_once_for_each_that_stands_in_it() -> None:
    customer = {"k" * 10_000: {f"part {number}": "x" for number in range(5_000)}}
    tracemalloc.start()
    try:
        assert found(customer, channel="phone") is None
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most_bytes < 10_000_000


def test_accents_are_nothing_in_whichever_way_they_are_written() -> None:
    for written in ("Zoë Núñez", "Zoe\u0308 Nu\u0301n\u0303ez", "Zoe\u0316\u0308 Nu\u0301\u0316n\u0303ez"):
        assert found({"name": written}, product="zoe nunez") == "name"
        assert found({"name": "Zoe Nunez"}, product=written) == "name"
