-- $1 streams, $2 event types, $3 before this position (NULL: from the end), $4 at most so many, $5 clocks of promises.
-- A promise that came along with a case that was merged is told where it was made.
-- Materialized: a customer has few events, and looking for them from the end of the log would read all of it.
WITH theirs AS MATERIALIZED (
    SELECT * FROM events
    WHERE
        stream_id = ANY($1) AND position < coalesce($3, 9223372036854775807)
        AND (type = ANY($2) OR (type = 'deadline-breached' AND data ->> 'clock' = ANY($5)))
        AND NOT (type = 'promise-made' AND data ->> 'from_case' IS NOT NULL)
)
SELECT
    position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
    correlation_id, causation_id, policy_hash, data, sealed, key_id, leaf_hash
FROM theirs
ORDER BY position DESC
LIMIT $4
