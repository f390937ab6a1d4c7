-- $1 tenant, $2 cases. What was tried on them and refused, the first first.
SELECT case_id, refused_at, command
FROM refusals
WHERE tenant = $1 AND case_id = ANY($2)
ORDER BY id
