-- $1: alerts, as a JSON array of rows.
INSERT INTO alerts (
    position, case_id, tenant, reference, branch, kind, clock, role, owed_by, due_at, owner, recorded_at
)
SELECT position, case_id, tenant, reference, branch, kind, clock, role, owed_by, due_at, owner, recorded_at
FROM json_populate_recordset(CAST(NULL AS alerts), CAST($1 AS json))
