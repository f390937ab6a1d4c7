-- $1 streams, $2 after this position, $3 at most so many. In the order of the log.
-- Materialized: they have few events, and looking for them along the log would read all of it.
WITH theirs AS MATERIALIZED (
    SELECT * FROM events WHERE stream_id = ANY(CAST($1 AS uuid[])) AND position > $2
)
SELECT
    position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
    correlation_id, causation_id, policy_hash, data, sealed, key_id, leaf_hash
FROM theirs
ORDER BY position
LIMIT $3
