-- $1: the ids of incidents that might open themselves; $2: the timers of those that do, as a JSON array of rows.
WITH given AS MATERIALIZED (
    SELECT * FROM json_populate_recordset(CAST(NULL AS timers), CAST($2 AS json))
), gone AS (
    DELETE FROM timers AS t
    WHERE
        t.case_id = ANY(CAST($1 AS uuid[])) AND t.case_version = 0
        AND NOT EXISTS (SELECT FROM given WHERE given.case_id = t.case_id)
)
INSERT INTO timers (
    case_id, clock, generation, step, tenant, event_type, fires_at, case_version, policy_hash, correlation_id, data
)
SELECT
    case_id, clock, generation, step, tenant, event_type, fires_at, case_version, policy_hash, correlation_id, data
FROM given
-- One that was opened stays what it is, also when it has been closed since.
WHERE NOT EXISTS (SELECT FROM cases AS c WHERE c.id = given.case_id)
ON CONFLICT (case_id, clock, generation, step) DO UPDATE SET
    fires_at = excluded.fires_at, policy_hash = excluded.policy_hash, correlation_id = excluded.correlation_id,
    data = excluded.data;
