"""How each refusal is answered: the status, the code, and what the caller may do instead."""

from __future__ import annotations

from typing import Any, NoReturn

from amends_domain.case import Case
from amends_domain.decide import Rejection
from amends_domain.reference import reference_of
from amends_domain.transitions import allowed
from amends_platform.problems import Problem

# "You may not" is 403; "this can never be" is 422; every other rejection is "not in this state": 409.
_FORBIDDEN = frozenset({"role-not-allowed", "other-branch", "beyond-authority", "own-proposal"})
_UNPROCESSABLE = frozenset({"in-the-future", "in-the-past", "satisfaction-missing", "no-such-contact"})


def refuse(rejection: Rejection, case: Case | None) -> NoReturn:
    """Raise the problem for a rejected command, with the state and what is allowed now."""
    if rejection.code in _FORBIDDEN:
        status = 403
    elif rejection.code in _UNPROCESSABLE:
        status = 422
    else:
        status = 409
    raise Problem(status, rejection.code, rejection.detail, **_standing(case))


def moved_on(case: Case) -> Problem:
    return Problem(
        412,
        "version-mismatch",
        f"The case is at version {case.version} by now: read it again before you decide.",
        headers={"ETag": f'"{case.version}"'},
        **_standing(case),
    )


def no_such_case() -> Problem:
    return Problem(404, "no-such-case", "There is no case with this id or reference.")


def key_reused() -> Problem:
    return Problem(
        422,
        "idempotency-key-reused",
        "This Idempotency-Key was used for another request; nothing was recorded. Use a new key for a new request.",
    )


def already_recorded(case: Case | None) -> Problem:
    assert case is not None, "the store found its stream"
    return Problem(
        409,
        "already-recorded",
        f"A complaint with this external_ref is recorded already, as {reference_of(case.first_position)}.",
        id=str(case.id),
        reference=reference_of(case.first_position),
        **_standing(case),
    )


def too_contended() -> Problem:
    return Problem(
        503,
        "case-contended",
        "Others keep changing this case at this moment; nothing was recorded. Send the same request again.",
        headers={"Retry-After": "1"},
    )


def _standing(case: Case | None) -> dict[str, Any]:
    if case is None:
        return {}
    return {"state": case.status.value, "version": case.version, "allowed": list(allowed(case))}
