-- $1 tenant, $2 branches or NULL for all, $3 now, $4 the ages in seconds at which one count ends and the next begins.
SELECT branch, state, width_bucket(CAST(extract(epoch FROM $3 - received_at) AS float8), $4) AS age, count(*) AS cases
FROM cases
WHERE
    tenant = $1 AND (CAST($2 AS text[]) IS NULL OR branch = ANY($2))
    AND kind <> 'incident'
    AND state IN ('received', 'apologized', 'investigated', 'proposed', 'customer-confirmed')
GROUP BY 1, 2, 3
