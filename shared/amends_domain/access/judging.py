"""`may`: whether what somebody is granted permits an action. The code asks the table by this, and by nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from amends_domain.access.grants import Grant, Grants, highest, lowest
from amends_domain.access.rows import Reach, Row
from amends_domain.access.table import TABLE
from amends_domain.case import ALL_BRANCHES, ORDINARY

ROLE_NOT_ALLOWED: Final = "role-not-allowed"
OTHER_BRANCH: Final = "other-branch"
GRADE_NOT_ALLOWED: Final = "grade-not-allowed"


class Answer(NamedTuple):
    """`grant` is the one that permits it, and `code` None; else why not, and the grant that came nearest.

    `permitting` are all grants that do, each within its branch.
    """

    grant: Grant
    code: str | None
    permitting: Grants
    row: Row

    @property
    def is_permitted(self) -> bool:
        return self.code is None

    @property
    def own_branches(self) -> frozenset[str] | None:
        """The branches of the grants that permit it; None for all."""
        branches = frozenset(grant.branch for grant in self.permitting if grant.branch is not None)
        return branches if len(branches) == len({grant.branch for grant in self.permitting}) else None

    @property
    def branches(self) -> frozenset[str] | None:
        """The branches whose cases it may be done to, the incidents of all branches among them; None for all."""
        own = self.own_branches
        return own | {ALL_BRANCHES} if own and self.row.reach is not Reach.OWN else own


def may(grants: Grants, action: str, branch: str | None = None, grade: str = ORDINARY) -> Answer:
    """Whether it may be done to what is of this branch and grade. `branch` None: to anything at all.

    Where several grants permit it, by the one of the highest standing. Raises KeyError for what is no action.
    """
    row = TABLE[action]
    if len(grants) == 1:
        # As below, in a third of the time: every command of somebody with a key passes here.
        return _of_one(row, grants, branch, grade)
    there = grants if branch is None else tuple(grant for grant in grants if _reaches(row, grant, branch))
    fitting = tuple(grant for grant in there if grant.role in row.roles)
    if not fitting:
        elsewhere = tuple(grant for grant in grants if grant.role in row.roles)
        if there or not elsewhere:
            return Answer(highest(there or grants), ROLE_NOT_ALLOWED, (), row)
        return Answer(highest(elsewhere), OTHER_BRANCH, (), row)
    grant = highest(fitting)
    # Higher roles may whatever lower ones may: where the highest may not, none may.
    if grant.role not in who_may(action, grade):
        return Answer(grant, GRADE_NOT_ALLOWED, (), row)
    return Answer(grant, None, fitting, row)


def _of_one(row: Row, grants: Grants, branch: str | None, grade: str) -> Answer:
    grant = grants[0]
    if grant.role not in row.roles:
        return Answer(grant, ROLE_NOT_ALLOWED, (), row)
    if branch is not None and grant.branch not in (None, branch) and not _reaches(row, grant, branch):
        return Answer(grant, OTHER_BRANCH, (), row)
    if grade != ORDINARY and row.above_ordinary is not None and grant.role not in row.above_ordinary:
        return Answer(grant, GRADE_NOT_ALLOWED, (), row)
    return Answer(grant, None, grants, row)


def acting(grants: Grants, action: str, branches: Iterable[str | None]) -> Grant:
    """The grant by which somebody does it, or is refused it, to what is of all these branches.

    Of those for the single branches the lowest: nobody has more authority anywhere than they are granted there.
    """
    if len(grants) == 1:
        return grants[0]
    return lowest(tuple(may(grants, action, branch).grant for branch in branches))


def who_may(action: str, grade: str = ORDINARY) -> frozenset[str]:
    """The roles that may do it to what is of this grade."""
    row = TABLE[action]
    return row.roles if grade == ORDINARY or row.above_ordinary is None else row.above_ordinary


def _reaches(row: Row, grant: Grant, branch: str) -> bool:
    return (
        grant.covers(branch)
        or row.reach is Reach.TENANT
        or (row.reach is Reach.OWN_AND_SHARED and branch == ALL_BRANCHES)
    )
