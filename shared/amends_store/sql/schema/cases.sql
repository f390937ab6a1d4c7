-- Read model: every case as it is now, for the queues. Made from the log alone, so it can be made anew at any time;
-- it holds no personal data. position is that of the case's last event, first_position that of its first.
-- Text that is looked up by its beginning sorts by bytes (COLLATE "C"), so that a range of an index finds it.
CREATE TABLE cases (
    id             uuid        PRIMARY KEY,
    tenant         text        NOT NULL,
    reference      text        COLLATE "C" NOT NULL,
    first_position bigint      NOT NULL,
    version        integer     NOT NULL,
    position       bigint      NOT NULL,
    state          text        NOT NULL,
    cycle          integer     NOT NULL,
    kind           text        NOT NULL,
    channel        text        NOT NULL,
    type           text,
    cause          text,
    branch         text        NOT NULL,
    owner          text        NOT NULL,
    grade          text        NOT NULL,
    flags          text[]      NOT NULL,
    customer_ref   text        COLLATE "C" NOT NULL,
    external_ref   text        COLLATE "C",
    historical     boolean     NOT NULL,
    -- Any deadline, in any cycle: a breach is a fact.
    breached       boolean     NOT NULL,
    -- Of the pending deadlines the first; NULL when none is pending.
    next_due_at    timestamptz,
    next_due_clock text,
    received_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);

-- One for each order that a list may have, for a whole tenant and for one branch; id settles ties.
-- What is due never comes after everything that is due some time.
CREATE INDEX cases_by_due ON cases (tenant, coalesce(next_due_at, 'infinity'), id);
CREATE INDEX cases_by_received ON cases (tenant, received_at, id);
CREATE INDEX cases_by_updated ON cases (tenant, updated_at, id);
CREATE INDEX cases_of_branch_by_due ON cases (tenant, branch, coalesce(next_due_at, 'infinity'), id);
CREATE INDEX cases_of_branch_by_received ON cases (tenant, branch, received_at, id);
CREATE INDEX cases_of_branch_by_updated ON cases (tenant, branch, updated_at, id);

-- For filters that few cases pass.
CREATE INDEX cases_of_owner ON cases (tenant, owner, coalesce(next_due_at, 'infinity'), id);
CREATE INDEX cases_of_customer ON cases (tenant, customer_ref);
CREATE INDEX cases_by_reference ON cases (tenant, reference);
CREATE INDEX cases_by_external_ref ON cases (tenant, external_ref) WHERE external_ref IS NOT NULL;
CREATE INDEX cases_breached ON cases (tenant, id) WHERE breached;
CREATE INDEX cases_graded ON cases (tenant, grade, id) WHERE grade <> 'ordinary';
CREATE INDEX cases_flagged ON cases USING gin (flags) WHERE flags <> '{}';
