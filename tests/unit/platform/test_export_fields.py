"""What exports say of an event's fields: what each is, whom it names, and that nothing sealed is among them."""

from __future__ import annotations

from amends_domain.event_codec import EVENT_TYPES
from amends_platform.exporting.fields import Kind, kinds_of, plain
from amends_platform.exporting.objects import CASE_FIELDS, STAFF_FIELDS

# Texts that name neither a person nor a case: codes, roles, amounts, references that are there by id too.
NAMES_NOBODY = {
    "added", "alert", "amount", "approval_by", "branch", "by_channel", "cause", "channel", "clock", "command",
    "currency", "customer_ref", "desired_outcomes", "direction", "external_ref", "flags", "grade", "into_reference",
    "key_id", "kind", "owed_by", "previous_grade", "previous_kind", "product", "reason", "reference", "relation",
    "removed", "role", "same", "severity", "title", "to", "to_department", "type", "value", "warning", "action",
}  # fmt: skip


def test_of_every_text_in_an_event_it_is_known_whether_it_names_a_person_or_a_case() -> None:
    texts = {
        name
        for event_type in EVENT_TYPES
        for name, kind in kinds_of(event_type, personal=False).items()
        if kind in (Kind.TEXT, Kind.LIST)
    }
    assert texts == STAFF_FIELDS | CASE_FIELDS | NAMES_NOBODY
    assert not NAMES_NOBODY & (STAFF_FIELDS | CASE_FIELDS)


def test_fields_are_what_their_classes_say() -> None:
    kinds = kinds_of("complaint-received", personal=True)
    assert (kinds["branch"], kinds["historical"], kinds["reply_by"]) == (Kind.TEXT, Kind.TRUTH, Kind.TIME)
    assert (kinds["flags"], kinds["narrative"], kinds["customer"]) == (Kind.LIST, Kind.TEXT, Kind.OBJECT)
    assert kinds_of("followed-up", personal=False) == {"satisfaction": Kind.WHOLE, "answers": Kind.OBJECT}


def test_what_says_nothing_is_left_out_and_lists_are_one_text() -> None:
    kinds = {"flags": Kind.LIST, "none": Kind.LIST, "cause": Kind.TEXT, "historical": Kind.TRUTH, "of": Kind.OBJECT}
    values = {"flags": ["a", "b"], "none": [], "cause": None, "historical": False, "of": {"name": "陈"}, "else": 1}
    assert plain(values, kinds) == {"flags": "a, b", "historical": False, "of": '{"name":"陈"}'}
