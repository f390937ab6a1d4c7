-- $1 tenant, $2 branches or NULL for all, $3 midnight. `lapsed`: it was the customer's own time.
SELECT branch, kind, owed_by IS NOT DISTINCT FROM 'customer' AND kind = 'breach' AS lapsed, count(*) AS alerts
FROM alerts
WHERE tenant = $1 AND (CAST($2 AS text[]) IS NULL OR branch = ANY($2)) AND recorded_at >= $3
GROUP BY 1, 2, 3
