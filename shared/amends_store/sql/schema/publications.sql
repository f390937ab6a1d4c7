-- The policies that were put in force, in this order. A policy may be published again, after another.
CREATE TABLE publications (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant       text        NOT NULL,
    policy_hash  bytea       NOT NULL REFERENCES policies (hash),
    published_at timestamptz NOT NULL DEFAULT log_now(),
    published_by text        NOT NULL
);

CREATE INDEX publications_of_tenant ON publications (tenant, id);

GRANT SELECT ON publications TO amends_intake, amends_workflow, amends_notifier, amends_auditor;
GRANT INSERT ON publications TO amends_intake;

CREATE TRIGGER publications_row_unchanged BEFORE UPDATE OR DELETE ON publications
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER publications_never_emptied BEFORE TRUNCATE ON publications
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE publications ENABLE ALWAYS TRIGGER publications_row_unchanged;
ALTER TABLE publications ENABLE ALWAYS TRIGGER publications_never_emptied;
