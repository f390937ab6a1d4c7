-- $1: an array of rows as JSON, one a case. Answers of each what it was found by before, and what the log owes of it.
INSERT INTO cases AS c (
    id, tenant, reference, first_position, version, position, state, cycle, kind, channel, type, cause, branch, owner,
    grade, flags, customer_ref, external_ref, historical, breached, next_due_at, next_due_clock, received_at,
    recorded_at, updated_at, hand_offs, escalations, incident, merged_into, repeat_key, repeat_since, mass_keys,
    mass_key, mass_count, mass_position, mass_since, mass_until
)
SELECT
    id, tenant, reference, first_position, version, position, state, cycle, kind, channel, type, cause, branch, owner,
    grade, flags, customer_ref, external_ref, historical, breached, next_due_at, next_due_clock, received_at,
    recorded_at, updated_at, hand_offs, escalations, incident, merged_into, repeat_key, repeat_since, mass_keys,
    mass_key, mass_count, mass_position, mass_since, mass_until
FROM json_populate_recordset(CAST(NULL AS cases), CAST($1 AS json))
-- What an event cannot change stands in no SET: tenant, reference, first_position, external_ref, received_at …
ON CONFLICT (id) DO UPDATE SET
    version = excluded.version, position = excluded.position, state = excluded.state, cycle = excluded.cycle,
    kind = excluded.kind, channel = excluded.channel, type = excluded.type, cause = excluded.cause,
    branch = excluded.branch, owner = excluded.owner, grade = excluded.grade, flags = excluded.flags,
    customer_ref = excluded.customer_ref, breached = excluded.breached, next_due_at = excluded.next_due_at,
    next_due_clock = excluded.next_due_clock, updated_at = excluded.updated_at, hand_offs = excluded.hand_offs,
    escalations = excluded.escalations, incident = excluded.incident, merged_into = excluded.merged_into,
    repeat_key = excluded.repeat_key, mass_keys = excluded.mass_keys, mass_key = excluded.mass_key,
    mass_count = excluded.mass_count, mass_position = excluded.mass_position
RETURNING
    c.id, c.repeat_of, c.owed_incident, old.id IS NULL AS is_new, old.state AS old_state, old.incident AS old_incident,
    old.repeat_key AS old_repeat_key, old.mass_keys AS old_mass_keys, old.mass_key AS old_mass_key,
    old.mass_position AS old_mass_position;
