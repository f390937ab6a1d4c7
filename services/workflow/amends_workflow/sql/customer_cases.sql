-- $1 tenant, $2 branches (NULL: all), $3 customer, $4 at most so many.
SELECT {columns}
FROM cases
WHERE tenant = $1 AND customer_ref = $3 AND (CAST($2 AS text[]) IS NULL OR branch = ANY($2))
ORDER BY received_at DESC, id DESC
LIMIT $4
