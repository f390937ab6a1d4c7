-- $1 tenant, $2 customer. The keys that they have and had, the first first.
SELECT key_id, created_at, erased_at
FROM data_keys
WHERE tenant = $1 AND customer_ref = $2
ORDER BY created_at, key_id
