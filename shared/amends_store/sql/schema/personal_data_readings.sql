-- Who opened whose personal data, and what for: one row for each request, recorded before its answer leaves.
-- Append-only. Nothing of what was read is in it: customers stand here by the organisation's own name for them.
CREATE TABLE personal_data_readings (
    id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    read_at        timestamptz NOT NULL DEFAULT log_now(),
    tenant         text        NOT NULL,
    person         text        NOT NULL,
    -- The grant that permitted it; branch NULL is the whole tenant.
    role           text        NOT NULL,
    branch         text,
    purpose        text        NOT NULL,
    -- The kind of answer that it went into.
    answer         text        NOT NULL,
    -- NULL where it was about all of a customer.
    case_id        uuid,
    customer_ref   text        NOT NULL,
    correlation_id uuid        NOT NULL
);

CREATE INDEX readings_of_tenant ON personal_data_readings (tenant, id);
CREATE INDEX readings_of_case ON personal_data_readings (tenant, case_id, id) WHERE case_id IS NOT NULL;
CREATE INDEX readings_of_customer ON personal_data_readings (tenant, customer_ref, id);
CREATE INDEX readings_of_person ON personal_data_readings (tenant, person, id);

-- Intake opens a hold's reason for whoever may not erase because of it.
GRANT INSERT ON personal_data_readings TO amends_intake, amends_workflow;
GRANT SELECT ON personal_data_readings TO amends_enquiry, amends_auditor;

CREATE TRIGGER readings_row_unchanged BEFORE UPDATE OR DELETE ON personal_data_readings
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER readings_never_emptied BEFORE TRUNCATE ON personal_data_readings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE personal_data_readings ENABLE ALWAYS TRIGGER readings_row_unchanged;
ALTER TABLE personal_data_readings ENABLE ALWAYS TRIGGER readings_never_emptied;
