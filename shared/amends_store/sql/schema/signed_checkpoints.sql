-- What was signed: the log had so many events, with this root. Append-only; `checkpoints` is how far followers came.
CREATE TABLE signed_checkpoints (
    tree_size bigint      PRIMARY KEY CHECK (tree_size > 0),
    root_hash bytea       NOT NULL CHECK (octet_length(root_hash) = 32),
    signed_at timestamptz NOT NULL DEFAULT log_now(),
    -- The signed note (C2SP signed-note), whose text holds size and root again.
    note      text        NOT NULL
);

GRANT SELECT ON signed_checkpoints TO amends_intake, amends_workflow, amends_notifier, amends_auditor;
GRANT INSERT ON signed_checkpoints TO amends_workflow;

CREATE TRIGGER signed_checkpoints_row_unchanged BEFORE UPDATE OR DELETE ON signed_checkpoints
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER signed_checkpoints_never_emptied BEFORE TRUNCATE ON signed_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE signed_checkpoints ENABLE ALWAYS TRIGGER signed_checkpoints_row_unchanged;
ALTER TABLE signed_checkpoints ENABLE ALWAYS TRIGGER signed_checkpoints_never_emptied;
