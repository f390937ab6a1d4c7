"""What personal data is read for: a purpose comes with each reading, from this list. Source: GDPR, Art. 5 (1) (b)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from amends_domain.access.grants import Grant, Grants, highest
from amends_domain.access.judging import may
from amends_domain.access.roles import AUDITOR, DESK, HEADS, LEADERS


class Purpose(NamedTuple):
    """What somebody reads personal data for, and which roles may have it."""

    meaning: str
    roles: frozenset[str]


HANDLING, CUSTOMER_REQUEST = "handling", "customer-request"
PURPOSES: Final[Mapping[str, Purpose]] = {
    HANDLING: Purpose("to deal with the complaint", DESK),
    "supervision": Purpose("to look after the work of others", LEADERS),
    CUSTOMER_REQUEST: Purpose("the customer asks what is held on them", DESK | {AUDITOR}),
    "legal": Purpose("a court, a regulator or an ombudsman asks", HEADS | {AUDITOR}),
    "audit": Purpose("to examine how complaints are dealt with", frozenset({AUDITOR})),
}
# Who deals with complaints all day need not say so each time; an auditor says what for.
USUAL: Final[Mapping[str, str]] = dict.fromkeys(DESK, HANDLING)

# The kinds of answers that personal data is read in.
READ_IN: Final = ("case-page", "events", "timeline", "evidence", "subject-access", "legal-holds")

PURPOSE_MISSING: Final = "purpose-missing"
PURPOSE_NOT_ALLOWED: Final = "purpose-not-allowed"


class Opening(NamedTuple):
    """By which grant and for which purpose something sealed may be opened; `code` None, else why it may not."""

    grant: Grant
    purpose: str
    code: str | None

    @property
    def is_open(self) -> bool:
        return self.code is None


def opening(grants: Grants, action: str, branch: str | None, named: str | None, usual: str | None = None) -> Opening:
    """Whether the action, which opens what is sealed, may be done to what is of this branch for the purpose `named`.

    Where none is named, for what is `usual` for the action, else for the role. Raises KeyError for an unknown one.
    """
    answer = may(grants, action, branch)
    if answer.code is not None:
        return Opening(answer.grant, "", answer.code)
    for_it = {grant: named or usual or USUAL.get(grant.role) for grant in answer.permitting}
    fitting = tuple(grant for grant, purpose in for_it.items() if purpose and grant.role in PURPOSES[purpose].roles)
    if not fitting:
        return Opening(answer.grant, "", PURPOSE_MISSING if named is None else PURPOSE_NOT_ALLOWED)
    grant = highest(fitting)
    return Opening(grant, for_it[grant] or "", None)
