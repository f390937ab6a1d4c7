"""The past that is asked for: what was known then, and of that, what had happened by some time, in hindsight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from amends_domain.case import Case
from amends_domain.evolve import fold
from amends_domain.hindsight import Hindsight, as_it_was
from amends_domain.policy import Policy
from amends_platform.http.problems import Problem
from amends_platform.recorded import all_recorded
from amends_store.read import UpTo, UpToPosition, UpToTime
from amends_store.records import StoredEvent
from amends_workflow.answering import Answering
from amends_workflow.enquiries import Enquirer, no_such_case
from amends_workflow.parameters import CaseListParameters, DeadlineListParameters, PastParameters
from amends_workflow.past_queue import Moment


class Known(NamedTuple):
    """A case as it was known, with the events that were."""

    case: Case
    rows: list[StoredEvent]


async def known_case(of: Answering, asked: Enquirer, name: str, wanted: PastParameters) -> Known:
    """The case called `name` as it was known then. Raises a 404 or 422 problem."""
    up_to = _up_to(wanted)
    case_id = await of.enquiries.case_id(name)
    rows = await of.cases.history(case_id, up_to=up_to)
    case = fold(None, case_id, all_recorded(rows))
    if case is None:
        raise _too_early(await of.enquiries.case(asked, name))
    if not asked.sees(case):
        raise no_such_case()
    return Known(case, rows)


def seen(known: Known, wanted: PastParameters, policies: Mapping[str, Policy]) -> Hindsight:
    """Of what was known, what is asked for. Raises UnknownPolicy, and a 404 problem when the case had not begun."""
    then = as_it_was(known.case, all_recorded(known.rows), policies, wanted.valid_at)
    if then is None:
        raise _too_early(known.case)
    return then


async def moment_of(of: Answering, wanted: CaseListParameters | DeadlineListParameters) -> Moment | None:
    """The past that a list is asked for, once all of it can be seen; None where that is now. Raises a 503 problem."""
    moment = Moment(wanted.as_of, wanted.valid_at)
    if moment == (None, None):
        return None
    position = await of.past.unseen(moment)
    if position is not None:
        await of.enquiries.wait_for(position)
    return moment


def _too_early(case: Case) -> Problem:
    """For whoever may see the case: that there was none yet."""
    received, recorded = case.received_at.isoformat(), case.recorded_at.isoformat()
    return Problem(404, "no-such-case", f"There was no such case yet: received {received}, recorded {recorded}.")


def _up_to(wanted: PastParameters) -> UpTo | None:
    if wanted.as_of is not None and wanted.position is not None:
        raise Problem(422, "invalid-parameters", "Ask for what was known as_of a time, or at a position: not both.")
    if wanted.as_of is not None:
        return UpToTime(wanted.as_of)
    return None if wanted.position is None else UpToPosition(wanted.position)
