-- $1, $2: streams, and for each the version up to which its events are wanted. Each stream's in their order.
SELECT e.*
FROM unnest(CAST($1 AS uuid[]), CAST($2 AS integer[])) AS wanted (stream_id, version)
CROSS JOIN LATERAL (
    SELECT
        position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
        correlation_id, causation_id, policy_hash, data, sealed, key_id, leaf_hash
    FROM events
    WHERE stream_id = wanted.stream_id AND version <= wanted.version
    ORDER BY version
    -- Keeps it what it must be however few events there were when it was planned: a look-up for each stream.
    OFFSET 0
) AS e
