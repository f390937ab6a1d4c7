-- $1, $2: streams, and for each the version before which its events are wanted. In the order of their streams.
SELECT
    e.position, e.stream_id, e.version, e.id, e.type, e.schema_version, e.occurred_at, e.recorded_at, e.tenant, e.actor,
    e.correlation_id, e.causation_id, e.policy_hash, e.data, e.sealed, e.key_id, e.leaf_hash
FROM unnest(CAST($1 AS uuid[]), CAST($2 AS integer[])) AS wanted (stream_id, version)
JOIN events AS e ON e.stream_id = wanted.stream_id AND e.version < wanted.version
ORDER BY e.stream_id, e.version;
