-- $1 tenant, $2 branches or NULL for all, $3 now, $4 when the present hour began, $5 how many hours. Deadlines to come,
-- by branch and hour, the present one being 0.
SELECT branch, CAST(floor(extract(epoch FROM due_at - $4) / 3600) AS integer) AS hour, count(*) AS due
FROM deadlines
WHERE
    tenant = $1 AND (CAST($2 AS text[]) IS NULL OR branch = ANY($2))
    AND status = 'pending' AND due_at > $3 AND due_at < $4 + make_interval(hours => $5)
GROUP BY 1, 2
