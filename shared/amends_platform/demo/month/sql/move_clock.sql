-- The log's clock says what the transaction that this is part of is told. Nobody else ever sees it: it is put back
-- before the commit. See filling.py.
CREATE OR REPLACE FUNCTION log_now() RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN current_setting('amends.demo_now')::timestamptz;
