-- Who looks for what is due steps over all that has fired since the last vacuum, several times a second. So one comes
-- after so many, not after a part of all that wait, and cleans the indexes however little it finds.
ALTER TABLE timers SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, vacuum_index_cleanup = on
);
