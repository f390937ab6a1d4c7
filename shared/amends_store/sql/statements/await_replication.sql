-- Where there are synchronous standbys, the commit of this statement waits for them, and with it for everything that it
-- could see: what was committed before stands before it in the write-ahead log. Where there are none it writes nothing.
SELECT pg_logical_emit_message(true, 'amends', '') WHERE current_setting('synchronous_standby_names') <> ''
