-- $1: keys; $2: the cases around whose time to look. The complaints with these keys that no incident has.
-- OFFSET 0, as in find_repeats.sql.
WITH around AS MATERIALIZED (
    -- Wide enough for every window of time that touches a window of theirs.
    SELECT
        min(c.mass_since - (c.mass_until - c.mass_since)) AS since,
        max(c.mass_until + (c.mass_until - c.mass_since)) AS until
    FROM cases AS c
    WHERE c.id = ANY(CAST($2 AS uuid[])) AND c.kind <> 'incident'
)
SELECT free.mass_key, free.mass_position, free.mass_count, free.received_at, free.mass_since, free.mass_until
FROM around
CROSS JOIN unnest(CAST($1 AS text[])) AS wanted (mass_key)
CROSS JOIN LATERAL (
    SELECT *
    FROM cases AS c
    WHERE
        c.mass_key = wanted.mass_key AND c.received_at BETWEEN around.since AND around.until
        AND c.kind = 'complaint' AND c.mass_key IS NOT NULL AND c.incident IS NULL AND c.owed_incident IS NULL
    OFFSET 0
) AS free;
