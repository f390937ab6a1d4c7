-- $1 streams, $2 recorded by then (NULL: now). Their events, each stream's in their order, without what is sealed.
SELECT e.*
FROM unnest(CAST($1 AS uuid[])) AS wanted (stream_id)
CROSS JOIN LATERAL (
    SELECT
        position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
        correlation_id, causation_id, policy_hash, data, CAST(NULL AS bytea) AS sealed, CAST(NULL AS uuid) AS key_id,
        leaf_hash
    FROM events
    WHERE stream_id = wanted.stream_id AND recorded_at <= coalesce($2, 'infinity'::timestamptz)
    ORDER BY version
    -- Keeps it what it must be however few events there were when it was planned: a look-up for each stream.
    OFFSET 0
) AS e
