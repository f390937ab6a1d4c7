-- Every wall as this release has it, without what was open for the release before; and what only that one looked up by.
SELECT put_up_walls(false);
DROP INDEX IF EXISTS cases_by_due, cases_of_branch_by_due, cases_of_owner;
