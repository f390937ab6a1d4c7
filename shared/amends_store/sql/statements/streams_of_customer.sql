-- Every stream that began with something sealed under a key the customer has or had.
SELECT e.stream_id
FROM events AS e
JOIN data_keys AS k ON k.key_id = e.key_id
WHERE e.version = 1 AND k.tenant = $1 AND k.customer_ref = $2
ORDER BY e.position
