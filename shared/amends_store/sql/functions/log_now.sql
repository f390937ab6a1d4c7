-- The store's only clock. Tests replace it to move time.
CREATE OR REPLACE FUNCTION log_now() RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN clock_timestamp();
