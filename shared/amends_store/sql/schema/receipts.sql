-- One row for each command that came with an idempotency key: what to answer when it is repeated.
CREATE TABLE receipts (
    tenant         text        NOT NULL,
    principal      text        NOT NULL,
    key            text        NOT NULL,
    request_hash   bytea       NOT NULL,
    stream_id      uuid        NOT NULL,
    first_position bigint      NOT NULL,
    last_position  bigint      NOT NULL,
    version        integer     NOT NULL,
    answer         bytea       NOT NULL,
    recorded_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant, principal, key)
);
