-- $1 tenant; $2 cases that moved after this time; $3, $4 after this position of the read model, recorded at that time;
-- $5 recorded by, $6 received by (NULL: ever), $7 at most so many. How far the read model has come, and those cases.
SELECT
    reached.position, reached.recorded_at,
    ARRAY(
        SELECT c.id
        FROM cases AS c
        WHERE
            c.tenant = $1 AND c.updated_at > $2 AND c.updated_at >= $4 AND c.position > $3
            AND c.recorded_at <= coalesce($5, 'infinity'::timestamptz)
            AND c.received_at <= coalesce($6, 'infinity'::timestamptz)
        LIMIT $7
    ) AS moved
FROM (
    SELECT k.position, e.recorded_at
    FROM checkpoints AS k
    JOIN log_leaves AS e ON e.position = k.position
    WHERE k.name = 'read-model'
) AS reached
