-- The log. Rows are added by append_batch and fire_due_timers, and never changed (see events_append_only.sql).
CREATE TABLE events (
    position       bigint      PRIMARY KEY CHECK (position > 0),
    stream_id      uuid        NOT NULL,
    version        integer     NOT NULL CHECK (version > 0),
    id             uuid        NOT NULL,
    type           text        NOT NULL CHECK (type <> ''),
    schema_version integer     NOT NULL CHECK (schema_version > 0),
    occurred_at    timestamptz NOT NULL CHECK (isfinite(occurred_at)),
    recorded_at    timestamptz NOT NULL,
    tenant         text        NOT NULL,
    actor          text        NOT NULL,
    correlation_id uuid        NOT NULL,
    causation_id   uuid,
    policy_hash    bytea       CHECK (octet_length(policy_hash) = 32),
    -- json, not jsonb: its exact text is hashed.
    data           json        NOT NULL,
    -- Personal data, encrypted under the data key of the customer; the key can be destroyed, so no foreign key.
    sealed         bytea,
    key_id         uuid,
    leaf_hash      bytea       NOT NULL CHECK (octet_length(leaf_hash) = 32),
    CONSTRAINT events_one_per_version UNIQUE (stream_id, version),
    CONSTRAINT events_sealed_under_a_key CHECK ((sealed IS NULL) = (key_id IS NULL))
);
