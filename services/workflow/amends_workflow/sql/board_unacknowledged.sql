-- $1 tenant, $2 branches or NULL for all.
SELECT branch, kind, count(*) AS alerts
FROM alerts
WHERE tenant = $1 AND (CAST($2 AS text[]) IS NULL OR branch = ANY($2)) AND acknowledged_at IS NULL
GROUP BY 1, 2
