-- $1: keys; $2: the cases around whose time to look. The complaints with these keys that no incident has.
WITH around AS MATERIALIZED (
    -- Wide enough for every window of time that touches a window of theirs.
    SELECT
        min(c.mass_since - (c.mass_until - c.mass_since)) AS since,
        max(c.mass_until + (c.mass_until - c.mass_since)) AS until
    FROM cases AS c
    WHERE c.id = ANY(CAST($2 AS uuid[])) AND c.kind <> 'incident'
)
SELECT c.mass_key, c.mass_position, c.mass_count, c.received_at, c.mass_since, c.mass_until
FROM around
JOIN cases AS c ON c.received_at BETWEEN around.since AND around.until
WHERE
    c.mass_key = ANY(CAST($1 AS text[]))
    AND c.kind = 'complaint' AND c.mass_key IS NOT NULL AND c.incident IS NULL AND c.owed_incident IS NULL;
