-- Who has been in a transaction of this database for longest.
SELECT pid, coalesce(nullif(application_name, ''), usename, 'somebody') AS who, xact_start AT TIME ZONE 'UTC' AS since
FROM pg_stat_activity
WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
ORDER BY xact_start
LIMIT 1
