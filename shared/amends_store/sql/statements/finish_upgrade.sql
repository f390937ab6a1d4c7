-- Every wall as this release has it, without what was open for the release before; and what only that one looked up by.
SELECT put_up_wall(of_table, 'public', false) FROM walls() WHERE to_regclass('public.' || of_table) IS NOT NULL;
DROP INDEX IF EXISTS cases_by_due, cases_of_branch_by_due, cases_of_owner;
