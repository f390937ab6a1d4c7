-- Who may call, by the hash of the key they show. A key is revoked, never deleted.
CREATE TABLE api_keys (
    id         uuid        PRIMARY KEY,
    prefix     text        NOT NULL,
    key_hash   bytea       NOT NULL UNIQUE,
    role       text        NOT NULL,
    branch     text,
    tenant     text        NOT NULL,
    person     text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT log_now(),
    revoked_at timestamptz
);
