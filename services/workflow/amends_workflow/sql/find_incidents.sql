-- Which open incident these complaints belong to: the one opened first of those that gather them.
-- $1: the cases to look at. $2: incidents that were opened, closed, or gather for longer: look at whose they are, and at
-- all that they may gather. $3: those of them that a person opened just now. Answers where it has changed.
-- OFFSET 0, as in find_repeats.sql.
WITH asked AS (
    SELECT unnest(CAST($1 AS uuid[])) AS id
    UNION
    SELECT c.id FROM cases AS c WHERE c.owed_incident = ANY(CAST($2 AS uuid[]))
    UNION
    SELECT gathered.id
    FROM cases AS i
    CROSS JOIN LATERAL (
        SELECT c.id
        FROM cases AS c
        WHERE
            c.mass_key = i.mass_key AND c.received_at BETWEEN i.mass_since AND i.mass_until
            AND c.kind = 'complaint' AND c.mass_key IS NOT NULL AND c.incident IS NULL
        OFFSET 0
    ) AS gathered
    WHERE i.id = ANY(CAST($2 AS uuid[]))
    UNION
    -- A person may choose any property, not only the one that the policy counts by.
    SELECT gathered.id
    FROM cases AS i
    CROSS JOIN LATERAL (
        SELECT c.id
        FROM cases AS c
        WHERE c.tenant = i.tenant AND c.received_at >= i.mass_since AND i.mass_key = ANY(c.mass_keys)
        OFFSET 0
    ) AS gathered
    WHERE i.id = ANY(CAST($3 AS uuid[]))
), found AS MATERIALIZED (
    SELECT c.id, gathering.id AS owed_incident
    FROM asked
    CROSS JOIN LATERAL (SELECT * FROM cases WHERE id = asked.id OFFSET 0) AS c
    LEFT JOIN LATERAL (
        SELECT i.id
        FROM cases AS i
        WHERE
            i.kind = 'incident' AND i.state = 'received'
            AND i.mass_key = ANY(c.mass_keys)
            AND (i.mass_key = c.mass_key OR i.mass_until = 'infinity')
            AND i.branch IN ('*', c.branch)
            AND c.received_at BETWEEN i.mass_since AND i.mass_until
            AND c.incident IS NULL
        ORDER BY i.first_position
        LIMIT 1
    ) AS gathering ON true
    WHERE c.owed_incident IS DISTINCT FROM gathering.id
)
UPDATE cases AS c SET owed_incident = found.owed_incident
FROM found
WHERE c.id = found.id AND c.id = ANY(ARRAY(SELECT id FROM found))
RETURNING c.id, c.version, c.repeat_of, c.owed_incident, c.mass_key, c.mass_position;
