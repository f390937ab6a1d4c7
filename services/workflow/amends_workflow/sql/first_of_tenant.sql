-- Where the log of a tenant ($1) begins: when its first event was recorded, and which policy judged first.
SELECT
    begun.recorded_at,
    (
        SELECT e.policy_hash FROM events AS e
        WHERE e.tenant = $1 AND e.policy_hash IS NOT NULL
        ORDER BY e.position LIMIT 1
    ) AS policy_hash
FROM events AS begun
WHERE begun.tenant = $1
ORDER BY begun.position
LIMIT 1
