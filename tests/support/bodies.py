"""A body for each of intake's routes, by the path after `/v1/`; and the action of the table that it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from amends_intake.bodies.base import NumberedBody, PairBody
from amends_intake.bodies.complaints import ComplaintBody
from amends_intake.bodies.links import IncidentBody
from amends_intake.customer_routes import CUSTOMER_BODIES
from amends_intake.routes import ROUTES
from tests.support.intake import AGREED, FOUND, LETTER, NO, SORRY, complaint

_LATER: Final = "2030-01-07T09:00:00+08:00"
_REASON: Final = {"reason": "…"}

OF_CASES: Final[Mapping[str, dict[str, Any]]] = {
    "apology": SORRY,
    "investigation": FOUND,
    "proposals": LETTER,
    "proposals/approval": _REASON,
    "proposals/rejection": _REASON,
    "confirmation": AGREED,
    "decline": NO,
    "on-the-spot": {"apology": SORRY, "investigation": FOUND, "proposal": LETTER, "confirmation": AGREED},
    "follow-up": {"executed": True, "satisfaction": 8},
    "review": {"text": "…"},
    "withdrawal": NO,
    "unsatisfied-closure": _REASON,
    "reopening": {"reason": "new-facts"},
    "closure": _REASON,
    "contacts": {"direction": "inbound", "channel": "phone", "summary": "…"},
    "callback": {"at": _LATER},
    "promises": {"text": "…", "due_at": _LATER},
    "promises/{number}/kept": {},
    "assignment": {"owner": "s-1"},
    "handoffs": {"owner": "s-2"},
    "handoffs/acceptance": {},
    "handoffs/refusal": _REASON,
    "escalation": _REASON,
    "classification": {"type": "waiting_time"},
    "flags": {"add": ["urgent"]},
    "actions": {"action": "refund_made"},
    "corrections": {"position": 1, "text": "…"},
    "notes": {"text": "…"},
    "acknowledgements": {"position": 1},
    "extensions": {"clock": "statutory", "reason": "…"},
    "retiming": {"clock": "apology", "reason": "…"},
    "legal-hold": _REASON,
    "legal-hold/release": _REASON,
    "links": {"case": "…", "relation": "related"},
    "merge": {"into": "…", "reason": "…"},
}
OF_CUSTOMERS: Final[Mapping[str, dict[str, Any]]] = {
    "erasure": {"reason": "asked by letter"},
    "erasure/approval": {},
    "erasure/rejection": {},
}
INCIDENT: Final[dict[str, Any]] = {"title": "Machines keep cards", "same": "cause", "value": "card_retained"}


def body_and_action(path: str) -> tuple[dict[str, Any], str]:
    """For the route of this path. Raises KeyError for one that is not here."""
    what = path.removeprefix("/v1/")
    if what == "complaints":
        return complaint(), ComplaintBody.model_validate(complaint()).command().NAME
    if what == "incidents":
        return INCIDENT, IncidentBody.model_validate(INCIDENT).command().NAME
    about, _, rest = what.partition("}/")
    if about.startswith("customers/"):
        body, model = OF_CUSTOMERS[rest], dict(zip(OF_CUSTOMERS, CUSTOMER_BODIES, strict=True))[rest]
        return body, model.model_validate(body).command().NAME
    body, route = OF_CASES[rest], next(route for route in ROUTES if route.path == rest)
    read = route.body.model_validate(body)
    if isinstance(read, PairBody):
        return body, read.command_with(UUID(int=0)).NAME
    return body, (read.command_of(1) if isinstance(read, NumberedBody) else read.command()).NAME
