-- Where the log of a tenant ($1) begins: when its first event was recorded, and by which policy it was judged.
SELECT recorded_at, policy_hash FROM events WHERE tenant = $1 ORDER BY position LIMIT 1
