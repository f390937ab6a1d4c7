"""What somebody is granted: a role within one branch, or for the whole tenant. Source: DOMAIN, People: roles."""

from __future__ import annotations

from typing import NamedTuple

from amends_domain.access.roles import STANDING


class Grant(NamedTuple):
    """A role within a branch; `branch` None is the whole tenant."""

    role: str
    branch: str | None

    def covers(self, branch: str) -> bool:
        """Whether what is of this branch is within it."""
        return self.branch is None or self.branch == branch


Grants = tuple[Grant, ...]
"""All that one person, or system, is granted: one at least."""


def highest(grants: Grants) -> Grant:
    """The one of the highest standing; of several, one for the whole tenant, else the first."""
    return max(grants, key=_standing)


def lowest(grants: Grants) -> Grant:
    """The one of the lowest standing."""
    return min(grants, key=_standing)


def _standing(grant: Grant) -> tuple[int, bool]:
    return STANDING[grant.role], grant.branch is None
