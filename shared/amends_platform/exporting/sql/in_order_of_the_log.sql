-- The events of a tenant ($1) after position $2 up to $3, in order, each with how its case began.
-- What is sealed is fetched only where it is asked for ($4). LIMIT 1 keeps the join a look-up, whatever the size.
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
WHERE e.tenant = $1 AND e.position > $2 AND e.position <= $3
ORDER BY e.position
