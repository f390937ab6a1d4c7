-- $1 after this position, $2 at most so many.
SELECT
    position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
    correlation_id, causation_id, policy_hash, data, sealed, key_id, leaf_hash
FROM events
WHERE position > $1
ORDER BY position
LIMIT $2
