-- Every stream that began with something sealed under a key the customer has or had. Keys in use and erased ones have an
-- index each, and asked for both in one go it would use neither: under the log's lock, all customers would be read.
SELECT e.stream_id
FROM (
    SELECT key_id FROM data_keys WHERE tenant = $1 AND customer_ref = $2 AND erased_at IS NULL
    UNION ALL
    SELECT key_id FROM data_keys WHERE tenant = $1 AND customer_ref = $2 AND erased_at IS NOT NULL
) AS k
JOIN events AS e ON e.key_id = k.key_id
WHERE e.version = 1
ORDER BY e.position
