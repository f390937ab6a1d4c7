"""What the workflow service says of its own interface: the OpenAPI document comes from the routes and from this."""

from __future__ import annotations

from typing import Any, Final

from amends_platform.contract.openapi import EVERY_QUESTION, Described
from amends_workflow.examples import successes
from amends_workflow.live_shapes import Happening

_DESCRIPTION: Final = """\
Where cases, deadlines and what happened to them are asked for. Nothing is changed here: commands go to intake.

Who may see what comes from the key alone: a key of one branch sees that branch, and names and words are there for those
who may read them. A command answered by intake at `position` P is visible with `min_position=P`.

Every list answers `{"items", "next"}`: `next` is the path of the next page, null on the last. Pages follow keys, so
what comes or goes meanwhile neither repeats nor hides others.

**Every error is a problem** (RFC 9457) whose `type` is stable: docs/problems.md says of each what to do. Besides the
answers named here, a path that does not exist is 404, another method 405, and a fault of ours 500, all of them
problems. Clients ignore members that they do not know: docs/api-policy.md.
"""
_TAGS: Final = {
    "cases": "The queue, one case, what happened on it, and the proof of it; all of it also as it was.",
    "deadlines": "Clocks over all cases, and why each is due when it is.",
    "alerts": "Reminders, breaches and escalations.",
    "board": "How the desk stands now.",
    "customers": "What one customer went through, what is held on them, and what was erased.",
    "live": "What happens, as it becomes visible.",
    "audit": "Signed checkpoints of the log, proofs, and what was refused.",
    "reports": "The measures of a month, and those to date.",
    "operations": "For those who run the service. No key is asked for.",
}
# Names that say enough inside, and too little beside those of other services.
_RENAMED: Final = {
    "Format": "ReportFormat",
    "Kind": "HappeningKind",
    "Status": "CaseState",
    "Verdict": "DeadlineStatus",
    "Extension": "ExplainedExtension",
    "RuleStep": "ExplainedRuleStep",
    "SkippedDay": "ExplainedSkippedDay",
}
_FIRST: Final = "$response.body#/items/0/"


def described() -> Described:
    """For `complete`."""
    return Described(
        every=EVERY_QUESTION,
        description=_DESCRIPTION,
        tags=_TAGS,
        bodies=[Happening],
        renamed=_RENAMED,
        shared={"": ()},
        requests={},
        successes=successes(),
        links={
            "cases": _on_case(f"{_FIRST}id"),
            "deadlines": _on_case(f"{_FIRST}case_id")
            | {
                "explanation": {
                    "operationId": "explanation",
                    "parameters": {"id": f"{_FIRST}case_id", "kind": f"{_FIRST}kind"},
                }
            },
            "alerts": _on_case(f"{_FIRST}case_id"),
            "case": {
                name: {"operationId": name, "parameters": {"id": "$response.body#/id"}}
                for name in ("case-events", "evidence")
            }
            | {
                "explanation": {
                    "operationId": "explanation",
                    "parameters": {"id": "$response.body#/id", "kind": "$response.body#/deadlines/0/kind"},
                },
                "timeline": {"operationId": "timeline", "parameters": {"ref": "$response.body#/customer_ref"}},
                "erasure": {"operationId": "erasure", "parameters": {"ref": "$response.body#/customer_ref"}},
                "subject-access": {
                    "operationId": "subject-access",
                    "parameters": {"ref": "$response.body#/customer_ref"},
                },
            },
            "case-events": {
                "inclusion": {"operationId": "inclusion", "parameters": {"position": f"{_FIRST}position"}},
            },
            "report-months": {"report": {"operationId": "report", "parameters": {"month": f"{_FIRST}month"}}},
        },
        port=8082,
    )


def _on_case(identity: str) -> dict[str, Any]:
    return {name: {"operationId": name, "parameters": {"id": identity}} for name in ("case", "case-events")}
