-- Who is signed in to the console, by the hash of their token: valid until it expires, is ended, or the API key that it
-- was given for is revoked.
CREATE TABLE sessions (
    token_hash bytea       PRIMARY KEY,
    api_key_id uuid        NOT NULL REFERENCES api_keys (id),
    created_at timestamptz NOT NULL DEFAULT log_now(),
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz
);

CREATE INDEX sessions_expiring ON sessions (expires_at);

GRANT SELECT, INSERT, DELETE, UPDATE (ended_at) ON sessions TO amends_workflow;
-- A session is taken where a key is.
GRANT SELECT ON sessions TO amends_intake;
