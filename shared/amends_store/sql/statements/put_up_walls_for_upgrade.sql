-- Every wall of this release, with what services of the release before need to run on: they say no tenant.
SELECT put_up_wall(of_table, 'public', true) FROM walls() WHERE to_regclass('public.' || of_table) IS NOT NULL
