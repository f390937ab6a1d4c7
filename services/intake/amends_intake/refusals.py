"""How each refusal is answered: the status, the code, and what the caller may do instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

from amends_domain.case import Case
from amends_domain.decide import Decision, Rejection
from amends_domain.reference import reference_of
from amends_domain.transitions import allowed
from amends_platform.http.problems import Problem

# "You may not" is 403 and kept for audit; "this can never be, whatever becomes of the case" is 422; "not as the
# case stands" is 409.
STATUSES: Final[Mapping[str, int]] = {
    "role-not-allowed": 403,
    "other-branch": 403,
    "grade-not-allowed": 403,
    "beyond-authority": 403,
    "own-proposal": 403,
    "own-request": 403,
    "recused": 403,
    "not-the-receiver": 403,
    "illegal-state": 409,
    "approval-pending": 409,
    "already-approved": 409,
    "not-a-complaint": 409,
    "not-an-incident": 409,
    "hand-off-pending": 409,
    "already-owner": 409,
    "promise-settled": 409,
    "deadline-expired": 409,
    "too-late": 409,
    "extension-not-allowed": 409,
    "extension-needs-contact": 409,
    "contact-already-used": 409,
    "reason-not-explained": 409,
    "clock-not-running": 409,
    "kind-never-lowered": 409,
    "grade-never-lowered": 409,
    "nothing-changes": 409,
    "survivor-closed": 409,
    "survivor-later": 409,
    "survivor-no-complaint": 409,
    "deadline-would-be-lost": 409,
    "incident-closed": 409,
    "already-held": 409,
    "already-acknowledged": 409,
    "legal-hold": 409,
    "erasure-pending": 409,
    "no-erasure-asked": 409,
    "already-erased": 409,
    "in-the-future": 422,
    "in-the-past": 422,
    "before-the-case": 422,
    "satisfaction-missing": 422,
    "answers-too-early": 422,
    "no-such-indicator": 422,
    "no-such-answer": 422,
    "reason-missing": 422,
    "customer-not-reached": 422,
    "no-ladder": 422,
    "no-such-case": 422,
    "same-case": 422,
    "other-customer": 422,
    "no-such-contact": 422,
    "no-such-promise": 422,
    "no-such-countermeasure": 422,
    "no-such-entry": 422,
    "not-an-entry": 422,
    "no-such-clock": 422,
    "no-such-alert": 422,
    "reason-unfit": 422,
    "reason-names-customer": 422,
    "clear-text-names-customer": 422,
    "title-personal": 422,
}


_TELLING_WHAT_IS_SEALED: Final = frozenset({"clear-text-names-customer", "reason-names-customer"})
_OF_ACCESS: Final = frozenset({"role-not-allowed", "other-branch", "grade-not-allowed"})


def is_for_audit(rejection: Rejection, case: Case | None) -> bool:
    """Whether it was refused on grounds of authority or recusal; or tells something that is sealed on the case, which
    could be found out by trying."""
    return _status(rejection) == 403 or (case is not None and rejection.code in _TELLING_WHAT_IS_SEALED)


def is_of_access(decision: Decision) -> bool:
    """Whether it is what the table of who may do what says: to them, a case says nothing of how it stands."""
    return isinstance(decision, Rejection) and decision.code in _OF_ACCESS


def refuse(rejection: Rejection, case: Case | None) -> NoReturn:
    """Raise the problem for a rejected command, with the state and what is allowed now; `case` None for whoever may
    not read that."""
    raise Problem(_status(rejection), rejection.code, rejection.detail, **_standing(case))


def _status(rejection: Rejection) -> int:
    return STATUSES.get(rejection.code, 409)


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


def no_such_customer() -> Problem:
    return Problem(404, "no-such-customer", "No case belongs to a customer of this name.")


def no_version() -> Problem:
    return Problem(412, "version-mismatch", "A customer has no version: leave If-Match out.")


def of_customer(rejection: Rejection, **members: Any) -> Problem:
    """The problem for a command about a customer, who has no state of their own."""
    return Problem(_status(rejection), rejection.code, rejection.detail, **members)


def key_reused() -> Problem:
    return Problem(
        422,
        "idempotency-key-reused",
        "This Idempotency-Key was used for another request; nothing was recorded. Use a new key for a new request.",
    )


def already_recorded(case: Case | None) -> Problem:
    """`case` None for whoever may not read it."""
    if case is None:
        detail = "A complaint with this external_ref is recorded already, where your key may not read it."
        return Problem(409, "already-recorded", detail)
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


def too_many_children(count_max: int) -> Problem:
    return Problem(
        409,
        "too-many-cases",
        f"More than {count_max} cases belong to this incident; one command acts on so many at most. Nothing was done.",
    )


def _standing(case: Case | None) -> dict[str, Any]:
    if case is None:
        return {}
    return {"state": case.status.value, "version": case.version, "allowed": list(allowed(case))}
