-- Services own nothing. All may read the log; who appends may add to it, and nobody may change it.
-- Functions run with the rights of their caller, so these lines are all there is to review.
GRANT SELECT ON events, log_head, policies, checkpoints
    TO amends_intake, amends_workflow, amends_notifier, amends_auditor;

GRANT INSERT ON events, receipts, data_keys, policies TO amends_intake;
GRANT SELECT ON receipts, data_keys, api_keys TO amends_intake;

GRANT INSERT ON events, policies, checkpoints, timer_quarantine TO amends_workflow;
GRANT UPDATE ON checkpoints TO amends_workflow;
GRANT SELECT, INSERT, UPDATE, DELETE ON timers TO amends_workflow;
GRANT SELECT ON data_keys, api_keys, timer_quarantine TO amends_workflow;

GRANT INSERT, UPDATE ON checkpoints TO amends_notifier;

GRANT SELECT ON receipts, data_keys, timers, timer_quarantine TO amends_auditor;

-- Services ask whether the schema is theirs before they say that they are ready.
GRANT SELECT ON alembic_version TO amends_intake, amends_workflow, amends_notifier, amends_auditor;
