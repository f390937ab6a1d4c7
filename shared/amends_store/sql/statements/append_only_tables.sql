-- $1: the tables that are append-only. Each that is there, and whether it refuses every change.
SELECT name,
       (SELECT count(*)
          FROM pg_trigger
          JOIN pg_proc ON pg_proc.oid = tgfoid
         WHERE tgrelid = to_regclass(name) AND proname = 'refuse_change' AND tgenabled = 'A') >= 2 AS refuses
  FROM unnest($1::text[]) AS name
 WHERE to_regclass(name) IS NOT NULL
 ORDER BY name
