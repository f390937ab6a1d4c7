-- $1: the ids of the cases; $2: all their deadlines, as a JSON array of rows. What is not among them goes; what has
-- not changed stays untouched.
WITH given AS MATERIALIZED (
    SELECT * FROM json_populate_recordset(CAST(NULL AS deadlines), CAST($2 AS json))
), gone AS (
    DELETE FROM deadlines AS d
    WHERE d.case_id = ANY(CAST($1 AS uuid[])) AND NOT EXISTS (
        SELECT FROM given
        WHERE given.case_id = d.case_id AND given.clock = d.clock AND given.generation = d.generation
    )
)
INSERT INTO deadlines AS d (
    case_id, clock, generation, tenant, branch, cycle, status, started_at, due_at, ended_at, breached_at,
    breach_recorded, policy_hash, provisional
)
SELECT
    case_id, clock, generation, tenant, branch, cycle, status, started_at, due_at, ended_at, breached_at,
    breach_recorded, policy_hash, provisional
FROM given
ON CONFLICT (case_id, clock, generation) DO UPDATE SET
    branch = excluded.branch, cycle = excluded.cycle, status = excluded.status, started_at = excluded.started_at,
    due_at = excluded.due_at, ended_at = excluded.ended_at, breached_at = excluded.breached_at,
    breach_recorded = excluded.breach_recorded, policy_hash = excluded.policy_hash,
    provisional = excluded.provisional
WHERE (d.*) IS DISTINCT FROM (excluded.*);
