-- $1 streams, $2 types. Their events of these types, in the order of the log.
SELECT
    position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
    correlation_id, causation_id, policy_hash, data, sealed, key_id, leaf_hash
FROM events
WHERE stream_id = ANY($1) AND type = ANY($2)
ORDER BY position
