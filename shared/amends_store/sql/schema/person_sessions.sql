-- Who is signed in to the console as somebody whom the identity provider vouched for, by the hash of their token. There is
-- no key behind it: who they are, and what they may, is what was vouched for then, each role with its branch (NULL: all).
-- Apart from `sessions`, each of which is of a key: so either says whose it is, and the release before sees no change.
CREATE TABLE IF NOT EXISTS person_sessions (
    token_hash   bytea       PRIMARY KEY,
    -- Of the state that the provider gave back: what was used to sign in signs nobody in again.
    sign_in_hash bytea       NOT NULL UNIQUE,
    tenant       text        NOT NULL,
    person       text        NOT NULL,
    roles        text[]      NOT NULL,
    branches     text[]      NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT log_now(),
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    CONSTRAINT person_sessions_may_something
        CHECK (cardinality(roles) > 0 AND cardinality(branches) = cardinality(roles))
);

CREATE INDEX IF NOT EXISTS person_sessions_expiring ON person_sessions (expires_at);

CREATE OR REPLACE TRIGGER count_change AFTER UPDATE ON person_sessions
    FOR EACH STATEMENT EXECUTE FUNCTION count_credential_change();

GRANT SELECT, INSERT, DELETE, UPDATE (ended_at) ON person_sessions TO amends_workflow;
GRANT SELECT ON person_sessions TO amends_intake, amends_enquiry;
