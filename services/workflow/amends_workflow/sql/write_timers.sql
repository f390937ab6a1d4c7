-- $1: the ids of the cases; $2: all their timers, as a JSON array of rows. What is not among them goes. The others
-- are updated in place (most change in case_version alone, which no index holds).
WITH given AS MATERIALIZED (
    SELECT * FROM json_populate_recordset(CAST(NULL AS timers), CAST($2 AS json))
), gone AS (
    DELETE FROM timers AS t
    WHERE t.case_id = ANY(CAST($1 AS uuid[])) AND NOT EXISTS (
        SELECT FROM given
        WHERE given.case_id = t.case_id AND given.clock = t.clock AND given.generation = t.generation
            AND given.step = t.step
    )
)
INSERT INTO timers (
    case_id, clock, generation, step, tenant, event_type, fires_at, case_version, policy_hash, correlation_id, data
)
SELECT
    case_id, clock, generation, step, tenant, event_type, fires_at, case_version, policy_hash, correlation_id, data
FROM given
ON CONFLICT (case_id, clock, generation, step) DO UPDATE SET
    event_type = excluded.event_type, fires_at = excluded.fires_at, case_version = excluded.case_version,
    policy_hash = excluded.policy_hash, correlation_id = excluded.correlation_id, data = excluded.data;
