-- $1: positions. Who caused what is at them, and the policy that the case of each was received under.
SELECT e.position, e.correlation_id, e.recorded_at, e.tenant, first.policy_hash
FROM events AS e
JOIN events AS first ON first.stream_id = e.stream_id AND first.version = 1
WHERE e.position = ANY(CAST($1 AS bigint[]));
