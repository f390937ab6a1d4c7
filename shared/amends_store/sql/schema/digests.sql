-- The mails that tell owners what is theirs: at most one row a day for each reader, who is a member of staff
-- (staff/…) or the mailbox of a branch (branch/…). The row of the reader '' says that the day's list was made.
-- A mail is sent by whoever holds its claim; not_before is when it may be claimed (again).
CREATE TABLE digests (
    tenant     text        NOT NULL,
    day        date        NOT NULL,
    reader     text        NOT NULL,
    not_before timestamptz NOT NULL,
    attempts   integer     NOT NULL DEFAULT 0,
    sent_at    timestamptz,
    -- Why it was given up.
    failed     text,
    PRIMARY KEY (tenant, day, reader)
);

CREATE INDEX digests_unsent ON digests (tenant, day, not_before) WHERE sent_at IS NULL AND failed IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON digests TO amends_notifier;
GRANT SELECT ON digests TO amends_auditor;

-- Of the read model the notifier sees what such a mail says, and nothing that leads to a customer.
GRANT SELECT (id, tenant, reference, branch, owner, grade, state) ON cases TO amends_notifier;
GRANT SELECT (case_id, tenant, clock, status, due_at, ended_at, breached_at) ON deadlines TO amends_notifier;
GRANT SELECT (case_id, tenant, kind, clock, recorded_at) ON alerts TO amends_notifier;
