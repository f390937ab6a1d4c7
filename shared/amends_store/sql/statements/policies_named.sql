-- $1 and $2: the first and the last position. Every policy that events there were judged by, and where it comes first.
SELECT policy_hash, min(position) AS position
FROM events
WHERE position BETWEEN $1 AND $2 AND policy_hash IS NOT NULL
GROUP BY policy_hash
