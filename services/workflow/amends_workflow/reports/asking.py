"""Who asks for which month of which branch, and what they are given."""

from __future__ import annotations

from starlette.responses import Response

from amends_domain.measures.months import BadMonth, Month
from amends_platform.http.problems import Problem
from amends_workflow.enquiries import Enquirer
from amends_workflow.reports.formats import Written

# Also where a report is looked at: whatever were to get into it would not be run, nor fetch anything.
_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept, Accept-Language, Cookie",
}


def month_of(text: str) -> Month:
    """Raises a 422 problem for what is no month."""
    try:
        return Month.parse(text)
    except BadMonth as error:
        raise Problem(
            422, "invalid-parameters", "month: expected a month such as 2026-10, from 2000 to 2090."
        ) from error


def branch_of(asked: Enquirer, wanted: str | None) -> str | None:
    """Whose figures: None is all branches, for who may see all. Raises Problem: 403, 422."""
    own = asked.scope.branches
    if own is None:
        return wanted
    if wanted is None:
        if asked.only_branch is None:
            raise Problem(422, "branch-missing", f"A report is of one branch: say which, of {', '.join(own)}.")
        return asked.only_branch
    if wanted not in own:
        raise Problem(403, "other-branch", f"Your key is for branch {', '.join(own)}, and for no other.")
    return wanted


def response(report: Written, *, to_keep: bool = False) -> Response:
    """The report. `to_keep`: a browser is to save it, and not to show it."""
    disposition = "attachment" if to_keep else "inline"
    headers = {**_HEADERS, "Content-Disposition": f'{disposition}; filename="{report.name}"'}
    return Response(report.body, 200, headers, report.media_type)
