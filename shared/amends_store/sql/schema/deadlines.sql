-- Read model: every run of every clock, made together with cases. timers holds what of it is still to fire.
CREATE TABLE deadlines (
    case_id         uuid        NOT NULL,
    clock           text        NOT NULL,
    generation      integer     NOT NULL,
    tenant          text        NOT NULL,
    branch          text        NOT NULL,
    cycle           integer     NOT NULL,
    status          text        NOT NULL,
    started_at      timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,
    ended_at        timestamptz,
    breached_at     timestamptz,
    -- Whether the log has the breach already: one that is owed is written as soon as its timer fires.
    breach_recorded boolean     NOT NULL,
    policy_hash     bytea       NOT NULL,
    provisional     boolean     NOT NULL,
    PRIMARY KEY (case_id, clock, generation)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);

CREATE INDEX deadlines_by_due ON deadlines (tenant, due_at, case_id, clock, generation);
CREATE INDEX deadlines_by_status ON deadlines (tenant, status, due_at, case_id, clock, generation);
CREATE INDEX deadlines_of_branch_by_due ON deadlines (tenant, branch, due_at, case_id, clock, generation);
CREATE INDEX deadlines_of_branch_by_status ON deadlines (tenant, branch, status, due_at, case_id, clock, generation);
