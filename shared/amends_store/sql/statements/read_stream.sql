-- $1 stream, $2 after this version; no bound: $3 version, $4 position, $5 recorded_at are NULL.
SELECT
    position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
    correlation_id, causation_id, policy_hash, data, sealed, key_id, leaf_hash
FROM events
WHERE
    stream_id = $1 AND version > $2
    AND version <= coalesce($3, 2147483647)
    AND position <= coalesce($4, 9223372036854775807)
    AND recorded_at <= coalesce($5, 'infinity'::timestamptz)
ORDER BY version
