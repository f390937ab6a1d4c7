-- Which earlier complaint these repeat: the last one with the same key that came within the time before.
-- $1: the cases to look at, $2: keys of which all cases are looked at. Answers where that has changed.
-- OFFSET 0, here and below, keeps a look-up what it must be whatever the tables held when it was planned.
WITH asked AS (
    SELECT unnest(CAST($1 AS uuid[])) AS id
    UNION
    SELECT c.id FROM cases AS c WHERE c.repeat_key = ANY(CAST($2 AS text[]))
), found AS MATERIALIZED (
    SELECT c.id, earlier.id AS repeat_of
    FROM asked
    CROSS JOIN LATERAL (SELECT * FROM cases WHERE id = asked.id OFFSET 0) AS c
    LEFT JOIN LATERAL (
        SELECT e.id
        FROM cases AS e
        WHERE
            e.repeat_key = c.repeat_key
            AND e.received_at BETWEEN c.repeat_since AND c.received_at
            AND e.first_position < c.first_position
        ORDER BY e.received_at DESC, e.first_position DESC
        LIMIT 1
    ) AS earlier ON true
    WHERE c.repeat_of IS DISTINCT FROM earlier.id
)
UPDATE cases AS c SET repeat_of = found.repeat_of
FROM found
WHERE c.id = found.id AND c.id = ANY(ARRAY(SELECT id FROM found))
RETURNING c.id, c.version, c.repeat_of, c.owed_incident;
