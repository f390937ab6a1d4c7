"""What intake says of its own interface: the OpenAPI document comes from the routes and from this."""

from __future__ import annotations

from typing import Any, Final

from amends_intake.bodies import ComplaintBody
from amends_intake.bodies.links import IncidentBody
from amends_intake.customer_routes import CUSTOMER_BODIES
from amends_intake.examples import REQUESTS, SUCCESSES
from amends_intake.routes import ROUTES, operation_id
from amends_platform.contract.catalog import ERASURE, ON_A_CASE
from amends_platform.contract.openapi import EVERY_COMMAND, Described

_DESCRIPTION: Final = """\
Where complaints, and everything done about them, are recorded.

**A 2xx means that it is on the disk.** Every POST carries an `Idempotency-Key`: the same key with the same request has
one effect and the same answer, byte for byte, also after a restart; so whoever gets no answer sends it again.
`If-Match` with the version that was looked at refuses what was decided on an older state.

Wherever `{id}` stands, a case's reference will do. The answer tells the `position` of what was recorded: the workflow
service shows it from then on to whoever asks with `min_position`.

**Every error is a problem** (RFC 9457) whose `type` is stable: docs/problems.md says of each what to do. Besides the
answers named here, a path that does not exist is 404, another method 405, and a fault of ours 500, all of them
problems. Clients ignore members that they do not know: docs/api-policy.md.
"""
_TAGS: Final = {
    "complaints": "Recording complaints and incidents, and giving commands to them.",
    "customers": "Forgetting a customer: asked for by one person, approved by another.",
    "operations": "For those who run the service. No key is asked for.",
}
_WORKFLOW: Final = "openapi-workflow.json#/paths/"
_ID: Final = "$response.body#/id"
_ABOUT_READING: Final = "In the workflow service: with `min_position`, as new as this answer."


def described() -> Described:
    """For `complete`."""
    links: dict[str, Any] = {name: _reading() for name in SUCCESSES if not name.endswith("-erasure")}
    links["receive"] = _commands() | _reading()
    links["open-incident"] |= {"closure": _command("closure")}
    links["contacts"] |= {"callback": _command("callback", contact_position="$response.body#/position")}
    return Described(
        every=EVERY_COMMAND,
        description=_DESCRIPTION,
        tags=_TAGS,
        bodies=[ComplaintBody, IncidentBody, *(route.body for route in ROUTES), *CUSTOMER_BODIES],
        renamed={},
        shared={"": (), "OfCase": (ON_A_CASE,), "OfCustomer": (ERASURE,)},
        requests=REQUESTS,
        successes=SUCCESSES,
        links=links,
        port=8081,
    )


def _commands() -> dict[str, Any]:
    return {operation_id(route): _command(operation_id(route)) for route in ROUTES}


def _command(name: str, **body: str) -> dict[str, Any]:
    """A link to a command on the case that was answered, with the example as its body but for what is told."""
    link: dict[str, Any] = {"operationId": name, "parameters": {"id": _ID}}
    return {**link, "requestBody": {**REQUESTS[name], **body}} if body else link


def _reading() -> dict[str, Any]:
    parameters = {"id": _ID, "min_position": "$response.body#/position"}
    return {
        name: {"operationRef": f"{_WORKFLOW}{path}/get", "parameters": parameters, "description": _ABOUT_READING}
        for name, path in {
            "case": "~1v1~1cases~1{id}",
            "case-events": "~1v1~1cases~1{id}~1events",
            "evidence": "~1v1~1cases~1{id}~1evidence",
        }.items()
    }
