-- Commands refused on grounds of authority or recusal: who tried what on which case, and why not. Append-only.
CREATE TABLE refusals (
    id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    refused_at     timestamptz NOT NULL DEFAULT log_now(),
    tenant         text        NOT NULL,
    principal      text        NOT NULL,
    role           text        NOT NULL,
    -- Of the key that was used; NULL is the whole tenant.
    branch         text,
    -- NULL where a new case was refused.
    case_id        uuid,
    command        text        NOT NULL,
    code           text        NOT NULL,
    detail         text        NOT NULL,
    correlation_id uuid        NOT NULL
);

CREATE INDEX refusals_of_case ON refusals (tenant, case_id, id) WHERE case_id IS NOT NULL;
CREATE INDEX refusals_of_principal ON refusals (tenant, principal, id);

GRANT INSERT ON refusals TO amends_intake;
GRANT SELECT ON refusals TO amends_workflow, amends_auditor;

CREATE TRIGGER refusals_row_unchanged BEFORE UPDATE OR DELETE ON refusals
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refusals_never_emptied BEFORE TRUNCATE ON refusals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE refusals ENABLE ALWAYS TRIGGER refusals_row_unchanged;
ALTER TABLE refusals ENABLE ALWAYS TRIGGER refusals_never_emptied;
