-- When a key ends by itself; and whether it is one that `amends up` made, which production does not take.
ALTER TABLE api_keys
    ADD COLUMN IF NOT EXISTS expires_at  timestamptz,
    ADD COLUMN IF NOT EXISTS development boolean NOT NULL DEFAULT false;

UPDATE api_keys SET development = true WHERE person = 'dev-' || role AND branch IS NULL;

-- How many times a key or a session was taken back: every process asks for the number again and again, and when it has
-- changed asks anew for every key that it knows. In the transaction of the change, so whoever sees one sees the other.
CREATE TABLE IF NOT EXISTS credential_changes (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    number bigint  NOT NULL
);

INSERT INTO credential_changes (number) VALUES (0) ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION count_credential_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE credential_changes SET number = number + 1;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER count_change AFTER UPDATE OR DELETE ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION count_credential_change();

CREATE OR REPLACE TRIGGER count_emptying AFTER TRUNCATE ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION count_credential_change();

-- Sessions that merely expired are removed without anybody having to know.
CREATE OR REPLACE TRIGGER count_change AFTER UPDATE ON sessions
    FOR EACH STATEMENT EXECUTE FUNCTION count_credential_change();

GRANT SELECT ON credential_changes TO amends_intake, amends_workflow, amends_enquiry;
-- Whoever signs out at the console.
GRANT UPDATE (number) ON credential_changes TO amends_workflow;
