-- Writers take turns: from here to its commit no other transaction appends, so positions are gapless and appear in
-- order. The lock is given up after the commit is visible. Who waits longer than lock_timeout gets an error.
CREATE OR REPLACE FUNCTION lock_log() RETURNS void
LANGUAGE sql VOLATILE
RETURN pg_advisory_xact_lock(x'616d656e'::integer, 1);  -- "amen", log 1
