-- $1: positions. Who caused what is at them, and the policy that the case of each was received under.
-- OFFSET 0, as in find_repeats.sql.
SELECT e.position, e.correlation_id, e.tenant, first.policy_hash
FROM events AS e
CROSS JOIN LATERAL (
    SELECT f.policy_hash FROM events AS f WHERE f.stream_id = e.stream_id AND f.version = 1 OFFSET 0
) AS first
WHERE e.position = ANY(CAST($1 AS bigint[]));
