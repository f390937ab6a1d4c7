"""The questions: who may see what. Whatever is listed or counted is of the branches in which a grant permits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from amends_domain.access.roles import ADMIN, AUDITOR, DESK, HEADS, ROLES
from amends_domain.access.rows import Reach, Row

_READERS: Final = frozenset(ROLES) - {ADMIN}
# Names, numbers and words of customers. An administrator configures and an integration feeds: neither reads them.
_TRUSTED: Final = DESK | {AUDITOR}
_OVERSEERS: Final = HEADS | {AUDITOR}

QUESTIONS: Final[Mapping[str, Sequence[Row]]] = {
    "Cases": (
        Row("read-case", "one case, as it is or as it was", _READERS, Reach.OWN_AND_SHARED),
        Row("read-events", "what happened on a case, event by event", _READERS, Reach.OWN_AND_SHARED),
        Row("read-queue", "the queue", _READERS, Reach.OWN_AND_SHARED),
        Row("read-deadlines", "deadlines, and why each is due when it is", _READERS, Reach.OWN_AND_SHARED),
        Row(
            "take-evidence",
            "a bundle that proves a case",
            _READERS,
            Reach.OWN_AND_SHARED,
            also="`read-complained-of`, where the case names staff: they are in what is proven",
        ),
        Row("read-alerts", "reminders, breaches and escalations", _READERS, Reach.OWN_AND_SHARED),
        Row("follow", "what happens, as it happens", _READERS, Reach.OWN_AND_SHARED),
        Row("read-board", "the board", _READERS, Reach.OWN_AND_SHARED),
        Row("read-reports", "the months, month-end packs, the measures to date", _READERS),
    ),
    "Customers": (
        Row("read-customer", "one customer's cases and contacts", _READERS),
        Row("read-erasure", "whether a customer was erased", _READERS, also="on every case of the customer"),
        Row(
            "export-customer",
            "everything that is held on a customer",
            _TRUSTED,
            also="on every case of the customer; a purpose",
        ),
    ),
    "What is sealed, and what is about staff": (
        Row(
            "read-personal-data",
            "names, numbers and words, wherever they stand",
            _TRUSTED,
            Reach.OWN_AND_SHARED,
            also="a purpose; each reading is recorded",
        ),
        Row("read-complained-of", "whom of the staff a complaint names", _TRUSTED, Reach.OWN_AND_SHARED),
    ),
    "Auditing": (
        Row("read-proofs", "checkpoints, proofs, the public key: hashes only", _READERS, Reach.TENANT),
        Row("read-refusals", "who tried what they may not", _OVERSEERS),
        Row("read-readings", "who read whose personal data", _OVERSEERS),
    ),
    "The console": (Row("sign-in", "sign in, and out again", _READERS, Reach.TENANT),),
}
