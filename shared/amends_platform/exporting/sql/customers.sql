-- The customers of the cases that case_by_case.sql gives, each once.
SELECT DISTINCT begun.data ->> 'customer_ref' AS ref
FROM events AS begun
WHERE
    begun.tenant = $1 AND begun.version = 1 AND begun.type = 'complaint-received' AND begun.position <= $3
    AND ($2 = 0 OR begun.stream_id IN (SELECT e.stream_id FROM events AS e WHERE e.position > $2 AND e.position <= $3))
ORDER BY ref
