"""Clear text that would give the customer away. What is clear outlives every erasure, so it is refused beforehand.

The clear fields are codes, names of places and things, and staff ids. Each is compared with what is known of the
customer, but a branch or a product that is called as somebody is, and staff of the same name, must remain possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from amends_domain.decisions.ruling import Rejection
from amends_domain.event_codec import EVENT_CLASSES
from amends_domain.events import Event
from amends_domain.identity import Holds, known_of, may_say

CODES: Final = frozenset(
    {"channel", "by_channel", "type", "cause", "severity", "desired_outcomes", "flags", "added", "action", "kind", "to"}
)
"""Fields of events that hold codes."""
PLACES: Final = frozenset({"branch", "product", "to_department"})
"""Fields of events that hold the name of a place or a thing."""
STAFF: Final = frozenset({"owner", "complained_of", "spoken_by", "to_person"})
"""Fields of events that hold staff ids."""

_HOLDS: Final = {
    **dict.fromkeys(CODES, Holds.CODE),
    **dict.fromkeys(PLACES, Holds.PLACE),
    **dict.fromkeys(STAFF, Holds.STAFF),
}
# Of each kind of event, those of its fields.
_COMPARED: Final = {
    kind: tuple(field.name for field in fields(kind) if field.name in _HOLDS)  # type: ignore[arg-type]
    for kind in EVENT_CLASSES.values()
}


def gives_away(events: Iterable[Event], customer: Mapping[str, Any] | None) -> Rejection | None:
    """Refuses events whose clear text says who the customer is; `customer` is what is known of them, if anything."""
    if not customer:
        return None
    compared = [each for event in events for each in clear_text(event)]
    text = "\n".join(value for _, value in compared)
    # Every complaint comes by here, and nearly none has anything in it.
    if not may_say(text, customer):
        return None
    known = known_of(customer, text)
    for field, value in compared:
        found = known.found_in(value, _HOLDS[field])
        if found is not None:
            instead = ": staff are named by their id" if field in STAFF else ": say it without"
            return Rejection(
                "clear-text-names-customer",
                f"{field} holds the customer's {found}, and would be readable for ever{instead}.",
            )
    return None


def clear_text(event: Event) -> list[tuple[str, str]]:
    """The values of the event that are compared, each with its field."""
    found: list[tuple[str, str]] = []
    values = event.__dict__
    for field in _COMPARED[type(event)]:
        value = values[field]
        if not value:
            continue
        if isinstance(value, str):
            found.append((field, value))
        else:
            found += [(field, each) for each in value]
    return found
