-- $1 streams, $2 event types, $3 before this position (NULL: from the end), $4 at most so many.
-- Materialized: a customer has few events, and looking for them from the end of the log would read all of it.
WITH theirs AS MATERIALIZED (
    SELECT * FROM events
    WHERE stream_id = ANY($1) AND type = ANY($2) AND position < coalesce($3, 9223372036854775807)
)
SELECT
    position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
    correlation_id, causation_id, policy_hash, data, sealed, key_id, leaf_hash
FROM theirs
ORDER BY position DESC
LIMIT $4
