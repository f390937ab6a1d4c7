"""From who asks, and for what, to the stream that they are sent."""

from __future__ import annotations

from starlette.responses import Response

from amends_workflow.answering import Answering
from amends_workflow.enquiries import Enquirer
from amends_workflow.live.happenings import Kind
from amends_workflow.live.stream import Reader, StillAdmitted
from amends_workflow.parameters import StreamParameters


def open_stream(
    of: Answering,
    asked: Enquirer,
    parameters: StreamParameters,
    last_event_id: int | None,
    still_admitted: StillAdmitted,
) -> Response:
    """The stream of one who was admitted, until `still_admitted` says no. Raises a 429 or 503 problem."""
    branches = frozenset(parameters.branch) or None
    if asked.branches is not None:
        branches = asked.branches if branches is None else branches & asked.branches
    reader = Reader(
        name=asked.person,
        tenant=asked.tenant,
        branches=branches,
        kinds=frozenset(parameters.kinds or Kind),
        still_admitted=still_admitted,
    )
    return of.live.open(reader, parameters.after if last_event_id is None else last_event_id)
