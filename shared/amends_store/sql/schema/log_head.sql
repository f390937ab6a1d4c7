-- Where the log ends: one row, position 0 while the log is empty.
--
-- A view, not a row that every commit updates: under one long transaction (a dump, a report) such a row leaves
-- versions that nothing may remove, a million in a busy hour, and every append must step over them. Writers take
-- turns by the advisory lock of lock_log() instead, which asks no privilege of them: services hold INSERT and SELECT.
CREATE VIEW log_head AS
SELECT coalesce(last.position, 0) AS position, coalesce(last.recorded_at, '-infinity') AS recorded_at
FROM (VALUES (1)) AS log (one)
LEFT JOIN LATERAL (SELECT e.position, e.recorded_at FROM events AS e ORDER BY e.position DESC LIMIT 1) AS last ON true;
