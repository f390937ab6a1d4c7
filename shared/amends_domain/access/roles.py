"""The roles that there are. What a role may offer in money is the policy's `authority` section."""

from __future__ import annotations

from typing import Final

AGENT, HANDLER, SUPERVISOR, DEPARTMENT_HEAD, EXECUTIVE = (
    "agent",
    "handler",
    "supervisor",
    "department_head",
    "executive",
)
AUDITOR, ADMIN, INTEGRATION = "auditor", "admin", "integration"
ROLES: Final = (AGENT, HANDLER, SUPERVISOR, DEPARTMENT_HEAD, EXECUTIVE, AUDITOR, ADMIN, INTEGRATION)

OWNERS_AND_ABOVE: Final = frozenset({HANDLER, SUPERVISOR, DEPARTMENT_HEAD, EXECUTIVE})
DESK: Final = OWNERS_AND_ABOVE | {AGENT}
HEADS: Final = frozenset({DEPARTMENT_HEAD, EXECUTIVE})
LEADERS: Final = HEADS | {SUPERVISOR}

# Limits of authority hang on it: whoever may do something in several roles does it in the highest of them.
STANDING: Final = {
    role: standing
    for standing, role in enumerate(
        (ADMIN, AUDITOR, INTEGRATION, AGENT, HANDLER, SUPERVISOR, DEPARTMENT_HEAD, EXECUTIVE)
    )
}
