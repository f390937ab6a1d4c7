-- $1 and $2: the first and the last position; $3: at most so many. Complaints there that are sealed under a key which is
-- not filed under their customer: who is asked to forget one would forget another, or nobody.
SELECT e.position, k.key_id IS NOT NULL AS is_filed
FROM events AS e
LEFT JOIN data_keys AS k ON k.key_id = e.key_id
WHERE e.position BETWEEN $1 AND $2
  AND e.type = 'complaint-received'
  AND e.key_id IS NOT NULL
  AND (k.tenant, k.customer_ref) IS DISTINCT FROM (e.tenant, e.data->>'customer_ref')
ORDER BY e.position
LIMIT $3
