-- Which open incident these complaints belong to: the one opened first of those that gather them.
-- $1: the cases to look at. $2: incidents that were opened, closed, or gather for longer: look at whose they are, and at
-- all that they may gather. $3: those of them that a person opened just now. Answers where it has changed.
WITH asked AS (
    SELECT unnest(CAST($1 AS uuid[])) AS id
    UNION
    SELECT c.id FROM cases AS c WHERE c.owed_incident = ANY(CAST($2 AS uuid[]))
    UNION
    SELECT c.id
    FROM cases AS i
    JOIN cases AS c ON c.mass_key = i.mass_key AND c.received_at BETWEEN i.mass_since AND i.mass_until
    WHERE
        i.id = ANY(CAST($2 AS uuid[]))
        AND c.kind = 'complaint' AND c.mass_key IS NOT NULL AND c.incident IS NULL
    UNION
    -- A person may choose any property, not only the one that the policy counts by.
    SELECT c.id
    FROM cases AS i
    JOIN cases AS c ON c.tenant = i.tenant AND c.received_at >= i.mass_since AND i.mass_key = ANY(c.mass_keys)
    WHERE i.id = ANY(CAST($3 AS uuid[]))
), found AS (
    SELECT c.id, gathering.id AS owed_incident
    FROM asked
    JOIN cases AS c ON c.id = asked.id
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
)
UPDATE cases AS c SET owed_incident = found.owed_incident
FROM found
WHERE c.id = found.id AND c.owed_incident IS DISTINCT FROM found.owed_incident
RETURNING c.id, c.version, c.repeat_of, c.owed_incident, c.mass_key, c.mass_position;
