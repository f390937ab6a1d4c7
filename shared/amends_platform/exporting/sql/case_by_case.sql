-- The cases of a tenant ($1) that have an event after position $2 up to $3: all their events up to $3, case by case,
-- also those before $2, for a case is what all of its events made of it. Columns and $4 as in in_order_of_the_log.sql.
SELECT
    e.position, e.stream_id, e.version, e.id, e.type, e.schema_version, e.occurred_at, e.recorded_at, e.tenant, e.actor,
    e.correlation_id, e.causation_id, e.policy_hash, e.data, CASE WHEN $4 THEN e.sealed END, e.key_id, e.leaf_hash,
    begun.position, begun.type, begun.data ->> 'customer_ref', begun.data ->> 'branch'
FROM events AS e
CROSS JOIN LATERAL (
    SELECT first.position, first.type, first.data FROM events AS first
    WHERE first.stream_id = e.stream_id AND first.version = 1
    LIMIT 1
) AS begun
WHERE
    e.tenant = $1 AND e.position <= $3
    AND (
        $2 = 0
        OR e.stream_id IN (SELECT inside.stream_id FROM events AS inside WHERE inside.position > $2 AND inside.position <= $3)
    )
ORDER BY e.stream_id, e.version
