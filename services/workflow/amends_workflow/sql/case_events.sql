-- $1 stream, $2 after this version, $3 at most so many.
SELECT
    position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
    correlation_id, causation_id, policy_hash, data, sealed, key_id, leaf_hash
FROM events
WHERE stream_id = $1 AND version > $2
ORDER BY version
LIMIT $3
