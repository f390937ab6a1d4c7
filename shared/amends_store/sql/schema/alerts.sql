-- Read model: every reminder, breach and escalation, and who has acknowledged it. position is that of its event, owner
-- who answered for the case then. clock is NULL for an escalation that is about none; role is who is told of one.
CREATE TABLE alerts (
    position              bigint      PRIMARY KEY,
    case_id               uuid        NOT NULL,
    tenant                text        NOT NULL,
    reference             text        NOT NULL,
    branch                text        NOT NULL,
    kind                  text        NOT NULL,
    clock                 text,
    role                  text,
    owed_by               text,
    due_at                timestamptz,
    owner                 text        NOT NULL,
    recorded_at           timestamptz NOT NULL,
    acknowledged_by       text,
    acknowledged_at       timestamptz,
    acknowledged_position bigint
) WITH (autovacuum_vacuum_scale_factor = 0.05);

-- Newest first, for a whole tenant and for what few are asked for by; position settles ties.
CREATE INDEX alerts_by_time ON alerts (tenant, recorded_at, position);
CREATE INDEX alerts_of_kind ON alerts (tenant, kind, recorded_at, position);
CREATE INDEX alerts_of_branch ON alerts (tenant, branch, recorded_at, position);
CREATE INDEX alerts_of_clock ON alerts (tenant, clock, recorded_at, position);
CREATE INDEX alerts_of_case ON alerts (case_id, position);
CREATE INDEX alerts_open ON alerts (tenant, recorded_at, position) WHERE acknowledged_at IS NULL;
-- Counted, not listed.
CREATE INDEX alerts_open_by_branch ON alerts (tenant, branch, kind) WHERE acknowledged_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON alerts TO amends_workflow;
GRANT SELECT ON alerts TO amends_auditor;
