"""Everything that is held on one customer, as one document: what they may ask for. Source: GDPR, Art. 15.

It is written piece by piece, so that it takes the memory of one page of events, however much there is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any, Final

from amends_domain.access.purposes import CUSTOMER_REQUEST
from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.policy import Policy
from amends_domain.reference import reference_of
from amends_platform.erasing.customers import Customer
from amends_workflow import answers
from amends_workflow.answering import Answering
from amends_workflow.enquiries import Enquirer
from amends_workflow.events import case_events
from amends_workflow.parameters import CaseParameters
from amends_workflow.relations import Relations, relations_of
from amends_workflow.statements import statement
from amends_workflow.unsealing import Reader
from amends_workflow.view import View

_KEYS: Final = statement("customer_keys")
_REFUSALS: Final = statement("refusals_of_cases")
_LOG_HEAD: Final = statement("log_head")
_EVENTS_AT_ONCE: Final = 500

ABOUT: Final[Mapping[str, str]] = {
    "customer_ref": "What the organisation calls the customer. Everything below is found by it.",
    "position": "How far the log went that this was read from.",
    "recorded_at": "When the last event of that log was recorded.",
    "status": "kept, requested (an erasure waits for a second person) or erased (and nothing was added since).",
    "known": "What the complaints say of the customer: names, numbers, addresses, as they were given, each once.",
    "keys": "The data keys that the customer's words and names were sealed with. Where erased_at is set, the key is"
    " destroyed, and what it sealed cannot be read by anybody any more.",
    "erasures": "Each erasure, with its signed certificate.",
    "refused": "What members of staff tried on the cases and were not allowed to; nothing of it was done.",
    "cases": "Every complaint, inquiry, suggestion or praise. `case` is how it stands: deadlines, promises and"
    " countermeasures, a mass incident it belongs to, a legal hold. `events` is all that ever happened on it, each"
    " contact included: `data` is open, `personal` is kept sealed, and unsealed here; where it is null, its"
    " `personal_missing` says why: `erased`, its key is destroyed; `unreadable`, it could not be opened.",
    "elsewhere": "What other parts of the system hold.",
}
ELSEWHERE: Final[Mapping[str, str]] = {
    "read model": "The queue's copy of the cases' open data, made from the events, which are all here.",
    "receipts": "For each request: hashes of it and of its key, and the state and deadlines it was answered with.",
    "messages": "On NATS, one message for each event, with the case's id, reference, branch, owner, grade, state and"
    " times. No personal data; what subscribers do with them is theirs to tell.",
    "logs": "Ids and kinds of errors. No personal data.",
    "backups": "Copies of the database hold the same sealed events, and none of the keys.",
}


async def everything(of: Answering, asked: Enquirer, customer: Customer) -> AsyncIterator[bytes]:
    """The document, in pieces. What can fail has been asked for before the first. Raises what the stores raise."""
    branches = {case.branch for case in customer.cases}
    reader, opened = of.enquiries.reader_of_all(asked, "subject-access", customer.ref, branches, CUSTOMER_REQUEST)
    head = await of.tenant.fetchrow(_LOG_HEAD)
    view = of.view_of(asked)
    case_ids = [case.id for case in customer.cases]
    references = {case.id: reference_of(case.first_position) for case in customer.cases}
    status = await of.forgotten.status(customer)
    beginning = {
        "about": ABOUT,
        "customer_ref": customer.ref,
        "position": head["position"],
        "recorded_at": head["recorded_at"],
        "status": status["status"],
        "known": await of.forgotten.known(customer),
        "keys": await view.fetch(_KEYS, asked.tenant, customer.ref),
        "erasures": status["erasures"],
        "refused": [
            {"reference": references[row["case_id"]], "at": row["refused_at"], "command": row["command"]}
            for row in await view.fetch(_REFUSALS, asked.tenant, case_ids)
        ],
        "elsewhere": ELSEWHERE,
    }
    await reader.note(opened)
    return _pieces(of, view, reader, customer, beginning)


async def _pieces(
    of: Answering, view: View, reader: Reader, customer: Customer, beginning: Mapping[str, Any]
) -> AsyncIterator[bytes]:
    yield answers.json_bytes(beginning)[:-1] + b',"cases":['
    for number, case in enumerate(customer.cases):
        relations = await relations_of(of.tenant, case, CaseParameters())
        standing = await of.policies.judge(partial(_standing, case, relations))
        yield (b"," if number else b"") + b'{"case":' + answers.json_bytes(standing) + b',"events":['
        async for piece in _events(view, reader, case):
            yield piece
        yield b"]}"
    yield b"]}"


def _standing(case: Case, relations: Relations, policies: Mapping[str, Policy]) -> dict[str, Any]:
    answer = answers.case_answer(case, obligations(case, policies), policies, relations, shows_staff=True)
    # What staff may do next and what they should say is not about this customer.
    return {name: value for name, value in answer.items() if name not in ("allowed", "playbook")}


async def _events(view: View, reader: Reader, case: Case) -> AsyncIterator[bytes]:
    after: tuple[int] | None = (0,)
    is_first = True
    while after is not None:
        page = await case_events(view, case.id, _EVENTS_AT_ONCE, after)
        # What was recorded since would not fit how the case stands.
        items = await reader.answers(row for row in page.rows if row.version <= case.version)
        if items:
            yield (b"" if is_first else b",") + answers.json_bytes(items)[1:-1]
            is_first = False
        after = page.last
